import { sql } from 'kysely'
import { afterAll } from 'vitest'
import { databaseOf } from '../../../src/db/database.ts'
import { openApiOrm } from '../../../src/db/orm.ts'
import { openEngine } from '../../../src/engine/engine.ts'
import { connectRedis } from '../../../src/redis/client.ts'
import { shopKey } from '../../../src/redis/keys.ts'
import { openVerifier } from '../../../src/verify/verifier.ts'
import { openRoom, type Target } from '../../../src/waiting-room/rooms.ts'
import { drainOutbox } from '../../../workers/drain-outbox.ts'
import { snapshotRankings } from '../../../workers/snapshot-rankings.ts'
import { type SaleOptions, value } from '../../support/sale.ts'
import { type Call, openClient } from '../client.ts'

/** Nothing listens on the port of the TCP multiplexer. */
const nowhere = '127.0.0.1:1'

export type World = Awaited<ReturnType<typeof openWorld>>

/** A shop to drive the contract in, and what brings it into the states that the contract speaks of. */
export async function openWorld(saleOptions: SaleOptions = {}) {
  const client = await openClient({}, saleOptions)
  const { redis, shop } = client
  const { orm } = client.dependencies
  const verifier = openVerifier({ redis, orm, databaseUrl: client.databaseUrl })
  const deadRedis = connectRedis(`redis://${nowhere}`, { name: 'nowhere' })
  deadRedis.on('error', () => {})
  const deadOrm = openApiOrm(`postgresql://nobody@${nowhere}/nothing`)
  const dead = {
    redis: deadRedis,
    orm: deadOrm,
    databaseUrl: `postgresql://nobody@${nowhere}/nothing`,
  }
  const deadVerifier = openVerifier(dead)
  afterAll(async () => {
    deadRedis.disconnect()
    await Promise.all([verifier.close(), deadVerifier.close(), deadOrm.close()])
  })
  let users = 0
  const newUser = () => `user-${++users}`

  const call = client.callWith({ verify: verifier.verify })
  const callWithFullBacklog = client.callWith({ engine: client.engineWith({ backlogMax: 0 }) })

  const world = {
    ...client,
    call,
    /** The application without Redis and without Postgres. */
    callWithoutStores: client.callWith({
      redis: deadRedis,
      orm: deadOrm,
      engine: openEngine({ redis: deadRedis, holdMs: 1_000 }),
      verify: deadVerifier.verify,
    }),
    /** The application where as many events wait for Postgres as may. */
    callWithFullBacklog,
    /** Opens a waiting room, of which both applications know at once. */
    async openRoom(target: Target) {
      await openRoom(redis, shop, target, { admitPerSecond: 5, passMs: 60_000 })
      // Whatever a process does with a room makes it look again.
      for (const send of [call, callWithFullBacklog]) {
        await send('DELETE', '/v1/coupons/nothing/waiting-room', { token: client.admin })
      }
    },
    callTooOften: await openTooOften(client),
    newUser,
    /** The last event of the shop: it stays where a request had no effect. */
    async lastEvent(): Promise<string | undefined> {
      const [entry] = await redis.xrevrange(shopKey(shop, 'outbox'), '+', '-', 'COUNT', 1)
      return entry?.[0]
    },
    /** Brings to Postgres what was decided so far. */
    drain: () => drainOutbox({ orm, redis, shop }),
    /** A user with this balance. */
    async richUser(balance = 1_000_000) {
      const userId = newUser()
      value(await client.charge(userId, balance))
      return userId
    },
    /** A new order with one line, paid from a charge of its own, or pending. */
    async anOrder(
      terms: { userId?: string; pay?: boolean; quantity?: number; price?: number } = {},
    ) {
      const { pay = true, quantity = 2, price = 1_000 } = terms
      const userId = terms.userId ?? newUser()
      if (pay) value(await client.charge(userId, quantity * price))
      const option = await client.option({ price, stock: quantity })
      const { id } = value(await client.order(userId, { [option]: quantity }, { pay }))
      return { id, userId, option }
    },
    /** A claim of a new coupon by the user; returns the user coupon's id. */
    async aUserCoupon(userId: string, facts: Parameters<typeof client.coupon>[0] = {}) {
      return value(await client.claim(await client.coupon(facts), userId)).userCouponId
    },
  }

  // The shop is a day old, so that yesterday has a ranking.
  const { id } = await world.anOrder({ quantity: 2 })
  const yesterdayMs = Date.now() - 86_400_000
  await client.backdate(id, yesterdayMs)
  await world.drain()
  const db = databaseOf(orm)
  const at = new Date(yesterdayMs)
  await sql`update orders set ordered_at = ${at} where id = ${id}`.execute(db)
  await sql`update payments set paid_at = ${at} where order_id = ${id}`.execute(db)
  await snapshotRankings({ redis, orm })
  return world
}

/** The application for somebody whose address has made as many requests as it may in this minute. */
async function openTooOften({ dependencies, callWith }: Awaited<ReturnType<typeof openClient>>) {
  const config = { ...dependencies.config, REQUESTS_PER_ADDRESS: 1, TRUSTED_PROXIES: 1 }
  const call = callWith({ config })
  return async (method: string, path: string, request: Call = {}) => {
    const headers = { ...request.headers, 'x-forwarded-for': '8.8.8.8' }
    // The one that may still be left in this minute has no effect.
    await call(method, '/v1/nothing', { headers })
    return call(method, path, { ...request, headers })
  }
}
