import { expect } from 'vitest'
import type { Target } from '../../../src/waiting-room/rooms.ts'
import { number, type RouteContract, time } from './contract.ts'
import type { World } from './world.ts'

const room = { admitPerSecond: number, passMs: number, openedAt: time }

/** The rooms before coupons and options. */
export function waitingRoomContracts(world: World): RouteContract[] {
  return (['coupon', 'option'] as const).flatMap((kind) => contractsOf(world, kind))
}

function contractsOf(world: World, kind: Target['kind']): RouteContract[] {
  const notFound = `${kind}_not_found`
  const make = async (units = 5) =>
    kind === 'coupon' ? world.coupon({ totalQuantity: units }) : world.option({ stock: units })
  const open = async (id: string) => {
    await world.openRoom({ kind, id })
    return id
  }
  const path = `/v1/${kind}s/{id}/waiting-room`
  const pathOf = (id: string) => path.replace('{id}', id)

  return [
    {
      route: `PUT ${path}`,
      auth: 'admin',
      refusals: [notFound],
      without: ['backlog_full'],
      async request(has) {
        const id = has(notFound) ? 'nothing' : await make()
        return { path: pathOf(id), body: { admitPerSecond: 10 } }
      },
      status: 200,
      answer: room,
    },
    {
      route: `GET ${path}`,
      auth: 'admin',
      refusals: ['waiting_room_not_found'],
      without: ['shop_closed'],
      async request(has) {
        const id = await make()
        return { path: pathOf(has('waiting_room_not_found') ? id : await open(id)) }
      },
      status: 200,
      answer: room,
    },
    {
      route: `DELETE ${path}`,
      auth: 'admin',
      refusals: ['waiting_room_not_found'],
      without: ['shop_closed', 'backlog_full'],
      async request(has) {
        const id = await make()
        return { path: pathOf(has('waiting_room_not_found') ? id : await open(id)) }
      },
      status: 200,
      answer: { closed: true },
    },
    {
      route: `POST /v1/${kind}s/{id}/entry`,
      auth: 'user',
      refusals: [notFound, 'sold_out'],
      without: ['backlog_full'],
      async request(has) {
        const id = has(notFound) ? 'nothing' : await open(await make(has('sold_out') ? 0 : 5))
        return { path: `/v1/${kind}s/${id}/entry`, userId: world.newUser() }
      },
      status: 200,
      answer: {
        status: 'admitted',
        pass: expect.any(String),
        expiresAt: time,
        ahead: null,
        waitMs: null,
        likely: null,
        retryAfterMs: null,
      },
    },
  ]
}
