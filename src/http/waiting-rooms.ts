import { createRoute, z } from '@hono/zod-openapi'
import { readFields } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import { enterRoom, type Place } from '../waiting-room/enter.ts'
import {
  closeRoom,
  nameOf,
  openRoom,
  type Room,
  readRoom,
  type Target,
} from '../waiting-room/rooms.ts'
import { refuseBody } from './body.ts'
import { bodyCodes, documented, jsonAnswer, jsonBody, readCodes } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { idParams, integer, isoOf, isoTime } from './fields.ts'
import { problem } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const roomSchema = z
  .object({ admitPerSecond: z.int(), passMs: z.int(), openedAt: isoTime })
  .openapi('WaitingRoom')

const placeSchema = z
  .object({
    status: z.enum(['open', 'waiting', 'admitted']).openapi({
      description: '`open`: nobody has to wait, and no pass is needed.',
    }),
    pass: z.string().nullable().openapi({ description: 'For the header X-Admission.' }),
    expiresAt: isoTime.nullable().openapi({ description: 'When the pass ends.' }),
    ahead: z.int().nullable().openapi({ description: 'Users who are let in before this one.' }),
    waitMs: z.int().nullable().openapi({ description: 'It takes at least so long.' }),
    likely: z.boolean().nullable().openapi({
      description: 'Whether anything would be left if everybody before took one.',
    }),
    retryAfterMs: z.int().nullable().openapi({
      description:
        'When to ask again. Who does not for 20 seconds after his turn has come loses it.',
    }),
  })
  .openapi('Place')

const termsSchema = z.strictObject({
  admitPerSecond: integer(1, limits.roomRateMax),
  passMs: integer(limits.roomPassMsMin, limits.roomPassMsMax).default(limits.roomPassMsDefault),
})

const someRoom: z.infer<typeof roomSchema> = {
  admitPerSecond: 50,
  passMs: limits.roomPassMsDefault,
  openedAt: sample.createdAt,
}

const nothing = {
  pass: null,
  expiresAt: null,
  ahead: null,
  waitMs: null,
  likely: null,
  retryAfterMs: null,
}

const somePlaces: Record<string, z.infer<typeof placeSchema>> = {
  admitted: {
    ...nothing,
    status: 'admitted',
    pass: `1796119320118.${'k3Xo'.repeat(10)}9aQ`,
    expiresAt: sample.expiresAt,
  },
  waiting: {
    ...nothing,
    status: 'waiting',
    ahead: 212,
    waitMs: 4_260,
    likely: true,
    retryAfterMs: 4_260,
  },
  open: { ...nothing, status: 'open' },
}

const things = { coupon: 'coupons', option: 'options' } as const

/** The routes of the rooms before things of one kind. */
function contractOf<Kind extends Target['kind']>(kind: Kind) {
  const notFound = `${kind}_not_found` as const
  const roomPath = `/v1/${kind}s/{id}/waiting-room` as const
  const request = { params: idParams(kind === 'coupon' ? sample.couponId : sample.optionId) }
  const Kind = kind === 'coupon' ? 'Coupon' : 'Option'
  const tags = [kind === 'coupon' ? 'coupons' : 'products']

  const opening = documented('admin', [...bodyCodes, ...readCodes([notFound])])
  const look = documented('admin', ['invalid_request', 'unavailable', 'waiting_room_not_found'])
  const closing = documented('admin', [...bodyCodes, 'unavailable', 'waiting_room_not_found'])
  const entry = documented('user', [...bodyCodes, ...readCodes([notFound, 'sold_out'])])
  return {
    open: createRoute({
      method: 'put',
      operationId: `open${Kind}Room`,
      path: roomPath,
      tags,
      summary: `Open a waiting room before the ${kind}, or change its terms`,
      description:
        'From then on users need a pass, and get one in the order in which they enter: so many a second, and never ' +
        'more at a time than units are left. Other processes know of it within half a second. A claim by a code ' +
        'needs none.',
      ...opening.about,
      request: { ...request, body: jsonBody(termsSchema, { calm: { admitPerSecond: 50 } }) },
      responses: {
        200: jsonAnswer(roomSchema, 'The room', { open: someRoom }),
        ...opening.refusals,
      },
    }),
    look: createRoute({
      method: 'get',
      operationId: `read${Kind}Room`,
      path: roomPath,
      tags,
      summary: `The waiting room before the ${kind}`,
      description: 'Its terms, as the last request to open it set them.',
      ...look.about,
      request,
      responses: {
        200: jsonAnswer(roomSchema, 'The room', { open: someRoom }),
        ...look.refusals,
      },
    }),
    close: createRoute({
      method: 'delete',
      operationId: `close${Kind}Room`,
      path: roomPath,
      tags,
      summary: `Close the waiting room before the ${kind}: everybody may come`,
      description:
        'Places are forgotten, and passes are needed no more. Other processes know of it within half a second.',
      ...closing.about,
      guards: [...closing.about.guards, refuseBody],
      request,
      responses: {
        200: jsonAnswer(z.object({ closed: z.literal(true) }), 'It was closed', {
          closed: { closed: true },
        }),
        ...closing.refusals,
      },
    }),
    enter: createRoute({
      method: 'post',
      operationId: `enter${Kind}Room`,
      path: `/v1/${kind}s/{id}/entry` as const,
      tags,
      summary: `Get a place in the waiting room before the ${kind}, or ask how it goes`,
      description:
        'Repeatable: a user has one place. It is given up with the purchase, and where a pass lapses.',
      ...entry.about,
      guards: [...entry.about.guards, refuseBody],
      request,
      responses: { 200: jsonAnswer(placeSchema, 'The place', somePlaces), ...entry.refusals },
    }),
  }
}

/** Waiting rooms: off until an operator opens one. */
export function waitingRoomRoutes(parts: Parts) {
  return openRoutes()
    .route('/', roomRoutes('coupon', parts))
    .route('/', roomRoutes('option', parts))
}

function roomRoutes<Kind extends Target['kind']>(kind: Kind, { redis, rooms, identify }: Parts) {
  const contract = contractOf(kind)
  const notFound = `${kind}_not_found` as const
  const exists = async (shop: string, thing: string) =>
    (await readFields(redis, shop, things[kind], [thing]))[0] !== null

  return openRoutes(identify)
    .openapi(contract.open, async (c) => {
      const target: Target = { kind, id: c.req.valid('param').id }
      const shop = c.get('shop')
      if (!(await exists(shop, target.id))) return problem(c, notFound)
      const room = await openRoom(redis, shop, target, c.req.valid('json'))
      rooms.forget(shop)
      return reply(c, roomView(room), 200)
    })
    .openapi(contract.look, async (c) => {
      const room = await readRoom(redis, c.get('shop'), { kind, id: c.req.valid('param').id })
      return room ? reply(c, roomView(room), 200) : problem(c, 'waiting_room_not_found')
    })
    .openapi(contract.close, async (c) => {
      const shop = c.get('shop')
      const wasOpen = await closeRoom(redis, shop, { kind, id: c.req.valid('param').id })
      rooms.forget(shop)
      return wasOpen
        ? reply(c, { closed: true as const }, 200)
        : problem(c, 'waiting_room_not_found')
    })
    .openapi(contract.enter, async (c) => {
      const { shop, userId } = c.get('caller')
      const target: Target = { kind, id: c.req.valid('param').id }
      // Who is told that nobody waits, while another process has just opened a room, would come in vain.
      const known = await rooms.find(shop, nameOf(target))
      const room = known ?? (await readRoom(redis, shop, target))
      const place = room && (await enterRoom(redis, shop, target, { room, userId }))
      if (place?.status === 'sold_out') return problem(c, 'sold_out')
      if (place && place.status !== 'no_room') return reply(c, placeView(place), 200)
      if (!(await exists(shop, target.id))) return problem(c, notFound)
      return reply(c, { ...nothing, status: 'open' as const }, 200)
    })
}

const roomView = ({ admitPerSecond, passMs, openedAt }: Room) => ({
  admitPerSecond,
  passMs,
  openedAt: isoOf(openedAt),
})

function placeView(place: Extract<Place, { status: 'admitted' | 'waiting' }>) {
  if (place.status === 'admitted') {
    const { status, pass, untilMs } = place
    return { ...nothing, status, pass, expiresAt: isoOf(untilMs) }
  }
  const { status, ahead, waitMs, isLikely } = place
  const retryAfterMs = Math.min(Math.max(waitMs, limits.roomRetryMsMin), limits.roomRetryMsMax)
  return { ...nothing, status, ahead, waitMs, likely: isLikely, retryAfterMs }
}
