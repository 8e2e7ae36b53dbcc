import { sql } from 'kysely'
import { expect } from 'vitest'
import { databaseOf } from '../../../src/db/database.ts'
import { value } from '../../support/sale.ts'
import { number, pageOf, type RouteContract, text, time } from './contract.ts'
import type { World } from './world.ts'

/** Accepted events that Postgres refused. */
export const deadLetterContracts = (world: World): RouteContract[] => [
  {
    route: 'GET /v1/dead-letters',
    auth: 'admin',
    without: ['shop_closed'],
    async request() {
      await aDeadLetter(world)
      return { path: '/v1/dead-letters?status=OPEN&limit=1' }
    },
    status: 200,
    answer: { ...pageOf(letter), nextCursor: expect.toBeOneOf([text, null]) },
  },
  {
    route: 'GET /v1/dead-letters/{id}',
    auth: 'admin',
    refusals: ['dead_letter_not_found'],
    without: ['shop_closed'],
    request: async (has) => ({
      path: `/v1/dead-letters/${has('dead_letter_not_found') ? '1-0' : await aDeadLetter(world)}`,
    }),
    status: 200,
    answer: letter,
  },
  {
    route: 'POST /v1/dead-letters/retry',
    auth: 'admin',
    without: ['backlog_full'],
    request: async () => ({
      path: '/v1/dead-letters/retry',
      body: { ids: [await aDeadLetter(world)] },
    }),
    status: 200,
    answer: { results: [{ id: text, result: 'applied' }], more: false },
  },
  {
    route: 'POST /v1/dead-letters/{id}/retry',
    auth: 'admin',
    refusals: [
      'dead_letter_not_found',
      'dead_letter_dropped',
      'dead_letter_stale',
      'dead_letter_refused',
    ],
    without: ['backlog_full'],
    async request(has) {
      const isRefused = has('dead_letter_refused')
      let id = await aDeadLetter(world, { isRefused })
      if (has('dead_letter_dropped')) await drop(world, id)
      if (has('dead_letter_stale')) await leaveBehind(world, id)
      if (has('dead_letter_not_found')) id = '1-0'
      return { path: `/v1/dead-letters/${id}/retry` }
    },
    status: 200,
    answer: { id: text, result: 'applied' },
  },
  {
    route: 'POST /v1/dead-letters/{id}/drop',
    auth: 'admin',
    refusals: ['dead_letter_not_found'],
    without: ['shop_closed', 'backlog_full'],
    request: async (has) => ({
      path: `/v1/dead-letters/${has('dead_letter_not_found') ? '1-0' : await aDeadLetter(world)}/drop`,
      body: { reason: 'Paid back by hand' },
    }),
    status: 200,
    answer: { ...letter, status: 'DROPPED', droppedAt: time, dropReason: 'Paid back by hand' },
  },
]

const letter = {
  id: text,
  status: 'OPEN',
  type: 'balance_charged',
  version: '1',
  data: text,
  error: text,
  at: time,
  tries: number,
  triedAt: null,
  droppedAt: null,
  dropReason: null,
  orderId: null,
}

/** A charge that Postgres refused, and would not refuse again unless it is to; returns the id of its event. */
async function aDeadLetter(world: World, { isRefused = false } = {}): Promise<string> {
  const userId = world.newUser()
  const run = (statement: string) => sql.raw(statement).execute(databaseOf(world.dependencies.orm))
  const constraint = `"not of ${userId}"`
  await run(`alter table balance_history add constraint ${constraint}
    check (user_id <> '${userId}') not valid`)
  value(await world.charge(userId, 100))
  await world.drain()
  if (!isRefused) await run(`alter table balance_history drop constraint ${constraint}`)
  const { rows } = await sql<{ id: string }>`
    select stream_id as id from dead_letters where data like ${`%"${userId}"%`}
  `.execute(databaseOf(world.dependencies.orm))
  return (rows[0] as { id: string }).id
}

function drop(world: World, id: string) {
  const body = { reason: 'Paid back by hand' }
  return world.post(`/v1/dead-letters/${id}/drop`, { token: world.admin, body })
}

/** Says that the hot state was loaded from Postgres behind this event. */
async function leaveBehind({ shop, dependencies }: World, id: string) {
  await sql`
    insert into rebuilds (shop, epoch, stream_id) values (${shop}, 1, ${id})
    on conflict (shop, epoch) do update set stream_id = excluded.stream_id
  `.execute(databaseOf(dependencies.orm))
}
