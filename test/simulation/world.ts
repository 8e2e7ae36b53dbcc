import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import { afterAll, expect } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { operationId } from '../../src/domain/ids.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { type Engine, openEngine } from '../../src/engine/engine.ts'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { limits } from '../../src/limits.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { salesKeys, shopKey, shopKeys } from '../../src/redis/keys.ts'
import type { Drain } from '../../workers/drain-outbox.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import type { Books } from '../workers/books.ts'
import type { Answer } from './answers.ts'
import { decide } from './decisions.ts'
import type { Facts, Shop } from './model.ts'
import type { Request } from './requests.ts'

/** The engine as its clients and its workers meet it: several API processes, a database, drains that die. */
export type World = Awaited<ReturnType<Awaited<ReturnType<typeof openWorlds>>['openWorld']>>

/** What the model says now, and what it said when the outbox was last persisted. */
export type Model = { shop: Shop; persisted: Shop; sent: Request[]; keys: number }

/** Connections that all runs share; each API process has one of its own. */
export async function openWorlds(books: Books) {
  const connections = [books.redis]
  for (const name of ['second', 'third']) {
    const redis = connectRedis(books.redisUrl, { name })
    afterAll(() => redis.disconnect())
    await redis.connect()
    connections.push(redis)
  }
  let latched = 0
  const onSoldOut = () => {
    latched += 1
  }
  async function openWorld() {
    const shop = await books.openShop()
    // Their time stands still, so that what they know of sold-out coupons is trusted as long as may be.
    const clocks = connections.map(() => ({ ms: 0 }))
    const engines = connections.map((redis, by) =>
      openEngine({ redis, holdMs: 600_000, nowMs: () => clocks[by]?.ms as number, onSoldOut }),
    )
    const paused = undefined as PausedDrain | undefined
    return { books, shop, engines, clocks, epoch: 1, paused }
  }
  /** Claims of all worlds that a process refused without asking Redis. */
  const latchedClaims = () => latched
  return { openWorld, latchedClaims }
}

type PausedDrain = { resume: () => void; done: Promise<unknown> }

/** What one process does not hear of it learns when so much time has passed. */
function passTime(world: World, by?: number): void {
  for (const [process, clock] of world.clocks.entries()) {
    if (process !== by) clock.ms += limits.soldOutLatchMs
  }
}

/** Sends a request through one of the API processes. */
export async function send(
  world: World,
  request: Request,
  by = 0,
): Promise<Outcome<unknown, string>> {
  const { shop } = world
  const engine = world.engines[by % world.engines.length] as Engine
  const identity = { ...('key' in request && { key: request.key }), body: request }
  const done = (value: unknown) => ({ ok: true, replayed: false, value }) as const
  switch (request.ask) {
    case 'claim':
      return shop.claim(request.couponId, request.userId, engine)
    case 'claimByCode':
      return shop.claimByCode(request.code, request.userId, engine)
    case 'order':
      return shop.order(request.userId, request.lines, { ...request, ...identity }, engine)
    case 'pay':
      return shop.pay(request.userId, request.orderId, engine)
    case 'cancel':
      return shop.cancel(request.userId, request.orderId, engine)
    case 'refund': {
      const facts = { ...identity, restock: request.restock }
      return shop.refund(request.orderId, request.parts, facts, engine)
    }
    case 'adjust':
      return shop.adjust(request.optionId, request.change, identity, engine)
    case 'charge':
      return shop.charge(request.userId, request.amount, identity, engine)
    case 'setCart':
      return shop.setCart(request.userId, request.optionId, request.quantity, engine)
    case 'updateProduct':
      return shop.updateProduct(request.productId, request.changes, engine)
    case 'updateOption':
      return shop.updateOption(request.optionId, request.changes, engine)
    case 'updateCoupon':
      return shop.updateCoupon(request.couponId, request.changes, engine)
    case 'addCodes':
      return shop.addCodes(request.couponId, request.count, engine)
    case 'reap':
      return done(await reapHolds(engine, { shop: shop.shop }))
    case 'expireCoupons':
      return done({ expired: await shop.expireCoupons(request.userCoupons, engine) })
  }
}

/** What of an outcome the model has an opinion of. */
function seen(outcome: Outcome<unknown, string>, expected: Answer) {
  if (!outcome.ok) {
    return {
      code: outcome.code,
      replayed: false,
      facts: likeness(expected.facts, outcome.details ?? {}),
    }
  }
  const { replayed, value } = outcome
  return { code: 'ok', replayed, facts: likeness(expected.facts, value ?? {}) }
}

function likeness(expected: unknown, actual: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return actual.map((value, index) => likeness(expected[index], value))
  }
  if (!isObject(expected) || !isObject(actual)) return actual ?? undefined
  return Object.fromEntries(
    Object.keys(expected).map((name) => [name, likeness(expected[name], actual[name])]),
  )
}

const isObject = (value: unknown): value is Facts => typeof value === 'object' && value !== null

function understood({ code, replayed, facts }: Answer) {
  return { code, replayed, facts }
}

function learn(answer: Answer, outcome: Outcome<unknown, string>) {
  if (outcome.ok) answer.learn?.((outcome.value ?? {}) as Facts)
}

/** Asks the shop and the model, who must say the same. */
export async function ask(model: Model, world: World, request: Request, by = 0): Promise<void> {
  model.sent.push(request)
  const outcome = await send(world, request, by)
  if (request.ask === 'updateCoupon') passTime(world, by % world.engines.length)
  const expected = decide(model.shop, request)
  const actual = seen(outcome, expected)
  // Most answers are as expected: the assertion is there for its message.
  if (!isDeepStrictEqual(actual, understood(expected))) {
    expect(actual, JSON.stringify(request)).toStrictEqual(understood(expected))
  }
  learn(expected, outcome)
}

/** Asks several things at once, each through another process: the answers must be those of some serial order. */
export async function askAtOnce(model: Model, world: World, requests: Request[]): Promise<void> {
  model.sent.push(...requests)
  const outcomes = await Promise.all(requests.map((request, by) => send(world, request, by)))
  const asked = requests.map((request, index) => ({
    request,
    outcome: outcomes[index] as Outcome<unknown, string>,
  }))
  const end = findSerialOrder(model.shop, asked)
  const told = asked.map(({ request, outcome }) => ({ request, outcome }))
  expect(end, `the answers of some serial order: ${JSON.stringify(told)}`).toBeDefined()
  model.shop = end as Shop
}

type Asked = { request: Request; outcome: Outcome<unknown, string> }

function findSerialOrder(shop: Shop, asked: Asked[]): Shop | undefined {
  if (asked.length === 0) return shop
  for (const one of asked) {
    const next = structuredClone(shop)
    const answer = decide(next, one.request)
    if (!isDeepStrictEqual(seen(one.outcome, answer), understood(answer))) continue
    learn(answer, one.outcome)
    const end = findSerialOrder(
      next,
      asked.filter((other) => other !== one),
    )
    if (end) return end
  }
  return undefined
}

const killed = async () => {
  throw new Error('killed')
}

/** Drains until the outbox is empty, or until the drain is killed. */
export async function drain(
  model: Model,
  world: World,
  kill?: keyof NonNullable<Drain['failpoints']>,
): Promise<void> {
  const isEmpty = (await world.shop.backlog()) === 0
  const draining = world.shop.drain(kill ? { failpoints: { [kill]: killed } } : {})
  if (kill && !isEmpty) {
    await draining.catch((error: Error) => expect(error.message).toBe('killed'))
  } else {
    expect(await draining).toMatchObject({ deadLetters: 0, more: false })
  }
  if (kill !== 'beforeCommit') model.persisted = structuredClone(model.shop)
}

/** Starts a drain that stops at a point, as a process does that the system froze. */
export async function pauseDrain(
  model: Model,
  world: World,
  at: keyof NonNullable<Drain['failpoints']>,
): Promise<void> {
  if (world.paused) return
  const arrived = Promise.withResolvers<void>()
  const resumed = Promise.withResolvers<void>()
  const pause = () => {
    arrived.resolve()
    return resumed.promise
  }
  const done = world.shop.drain({ failpoints: { [at]: pause } })
  const isFrozen = await Promise.race([arrived.promise.then(() => true), done.then(() => false)])
  if (isFrozen) world.paused = { done, resume: resumed.resolve }
  // Where there was nothing to drain, it has ended.
  if (!isFrozen || at === 'afterCommit') model.persisted = structuredClone(model.shop)
}

/** It goes on as if no time had passed, whatever the others did meanwhile. */
export async function resumeDrain(model: Model, world: World): Promise<void> {
  if (!world.paused) return
  world.paused.resume()
  await world.paused.done
  world.paused = undefined
  model.persisted = structuredClone(model.shop)
}

/** Drops what is finished and persisted, as upkeep does after a day. */
export async function forgetFinished(model: Model, world: World): Promise<void> {
  const { redis, shop } = world.shop
  const keys = shopKeys(shop)
  const isEmpty = (await world.shop.backlog()) === 0
  await redis.forgetFinished(keys.length, ...keys, '0', '100000', '31')
  const state = await world.shop.state()
  const hot = new Set(
    [state[`{${shop}}:orders`], state[`{${shop}}:operations`]].flatMap((hash) =>
      Object.keys(hash as object),
    ),
  )
  for (const [key, record] of model.shop.records) {
    const wasForgotten = record.isForgotten
    record.isForgotten = !hot.has(operationOf(shop, JSON.parse(record.body)))
    if (wasForgotten) expect(record.isForgotten).toBe(true)
    const before = model.persisted.records.get(key)
    const isFinished = record.order?.status !== 'PENDING'
    const isPersisted =
      before?.body === record.body && before.order?.status === record.order?.status
    if (record.isForgotten) expect([key, isFinished, isPersisted]).toEqual([key, true, true])
    else if (isEmpty) expect([key, isFinished]).toEqual([key, false])
  }
}

/** Requests of an operator have no user of their own. */
function operationOf(shop: string, request: Request & { key: string }): string {
  const userId = 'userId' in request ? request.userId : 'admin'
  return operationId({ shop, userId, route: 'test', idempotencyKey: request.key })
}

/** Leaves nothing of the shop behind in Redis. */
export async function closeWorld(world: World): Promise<void> {
  const { redis, shop } = world.shop
  await redis.unlink(...shopKeys(shop).slice(0, -1), ...salesKeys(shop, new Date(), 2))
}

/** Lets the times that a test moved in Redis be those of Postgres too. */
export async function moveTimes(world: World, shop: Shop): Promise<void> {
  const db = databaseOf(world.books.orm)
  const orders = shop.orders.filter(({ hasLapsed }) => hasLapsed).map(({ id }) => id)
  const coupons = [...shop.userCoupons.values()].filter(({ hasLapsed }) => hasLapsed)
  await sql`update orders set expires_at = to_timestamp(0.001)
    where shop = ${world.shop.shop} and id = any(${orders})`.execute(db)
  await sql`update user_coupons set expires_at = to_timestamp(0.001)
    where shop = ${world.shop.shop} and id = any(${coupons.map(({ id }) => id)})`.execute(db)
}

/** How much of the hot state is lost: `undrained` also takes what Postgres does not have yet. */
export type Loss = 'all' | 'some' | 'none' | 'undrained'

/** Where a rebuild may die. */
export const rebuildFailpoints = ['begun', 'raised', 'drained', 'loaded', 'installed'] as const
type RebuildFailpoint = (typeof rebuildFailpoints)[number]

/** Loses keys of the hot state, and has the shop rebuilt from Postgres. */
export async function loseAndRebuild(
  model: Model,
  world: World,
  { lost, which, dying }: { lost: Loss; which: number; dying?: RebuildFailpoint | undefined },
): Promise<void> {
  const { redis, shop } = world.shop
  if (lost !== 'undrained') await drain(model, world)
  await moveTimes(world, lost === 'undrained' ? model.persisted : model.shop)
  const keys = [...shopKeys(shop).slice(0, -1), ...salesKeys(shop, new Date(), 2)]
  const isLost = (index: number) =>
    lost === 'all' || (lost === 'some' && (which >> index) % 2 === 1)
  const gone = lost === 'undrained' ? keys : keys.filter((_, index) => isLost(index))
  if (gone.length > 0) await redis.unlink(...gone)
  const { orm } = world.books
  if (dying) {
    const rebuild = rebuildShop({ redis, orm, shop, failpoints: { [dying]: killed } })
    await expect(rebuild).rejects.toThrow('killed')
    expect(await send(world, { ask: 'claim', userId: 'eve', couponId: 'any' })).toMatchObject({
      code: 'shop_closed',
    })
    // As if its lease had run out.
    await redis.hset(shopKey(shop, 'meta'), 'rebuildAt', 1)
  }
  const rebuilt = await rebuildShop({ redis, orm, shop })
  expect(rebuilt?.deadLetters).toBe(0)
  expect(rebuilt?.epoch).toBeGreaterThan(world.epoch)
  world.epoch = rebuilt?.epoch as number
  passTime(world)
  model.shop = structuredClone(lost === 'undrained' ? model.persisted : model.shop)
  // Postgres has what upkeep had dropped from Redis, and it is younger than a day.
  for (const record of model.shop.records.values()) record.isForgotten = false
  model.persisted = structuredClone(model.shop)
}
