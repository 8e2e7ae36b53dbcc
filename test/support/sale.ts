import type { Redis } from 'ioredis'
import { fingerprint, operationId } from '../../src/domain/ids.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { adjustStock } from '../../src/engine/adjust-stock.ts'
import { cancelOrder } from '../../src/engine/cancel-order.ts'
import { chargeBalance } from '../../src/engine/charge-balance.ts'
import { claimCoupon } from '../../src/engine/claim-coupon.ts'
import { createCoupon } from '../../src/engine/create-coupon.ts'
import { createProduct } from '../../src/engine/create-product.ts'
import { type EngineOptions, openEngine } from '../../src/engine/engine.ts'
import { openShop } from '../../src/engine/open-shop.ts'
import { payOrder } from '../../src/engine/pay-order.ts'
import { placeOrder } from '../../src/engine/place-order.ts'
import { shopKey } from '../../src/redis/keys.ts'

export type Sale = Awaited<ReturnType<typeof openSale>>

type OptionFacts = Partial<Parameters<typeof createProduct>[1]['product']['options'][number]>
type CouponFacts = Partial<Parameters<typeof createCoupon>[1]['coupon']>
type OrderFacts = {
  key?: string
  body?: unknown
  userCouponId?: string
  expectedAmount?: number
  pay?: boolean
}

/** An open shop and short ways to act in it: defaults for everything that a test does not care about. */
export async function openSale(
  redis: Redis,
  shop: string,
  options: Partial<Omit<EngineOptions, 'redis'>> = {},
) {
  await openShop(redis, { shop })
  const open = (more: Partial<Omit<EngineOptions, 'redis'>> = {}) =>
    openEngine({ redis, holdMs: 600_000, ...options, ...more })
  const engine = open()
  let keys = 0
  const identify = (userId: string, facts: { key?: string | undefined; body?: unknown }) => ({
    operationId: operationId({
      shop,
      userId,
      route: 'test',
      idempotencyKey: facts.key ?? `key ${++keys}`,
    }),
    fingerprint: fingerprint(facts.body ?? 'body'),
  })

  return {
    redis,
    shop,
    engine,
    /** An engine over the same shop with other settings. */
    engineWith: open,
    /** A product with one option; returns the option's id. */
    async option(facts: OptionFacts = {}, status: 'ACTIVE' | 'INACTIVE' = 'ACTIVE') {
      const product = value(
        await createProduct(engine, {
          shop,
          product: {
            name: 'Trainers',
            status,
            options: [{ optionValue: 'M', price: 1_000, stock: 10, ...facts }],
          },
        }),
      )
      return product.options[0]?.id as string
    },
    /** A coupon; returns its id. */
    async coupon(facts: CouponFacts = {}) {
      const coupon = value(
        await createCoupon(engine, {
          shop,
          coupon: {
            name: 'Ten off',
            discountType: 'FIXED',
            discountValue: 100,
            minOrderAmount: 0,
            totalQuantity: 10,
            perUserLimit: 1,
            restoreOnCancel: true,
            status: 'ACTIVE',
            ...facts,
          },
        }),
      )
      return coupon.id
    },
    claim: (couponId: string, userId: string, by = engine) =>
      claimCoupon(by, { shop, couponId, userId }),
    charge: (userId: string, amount: number, facts: OrderFacts = {}, by = engine) =>
      chargeBalance(by, { shop, userId, amount, ...identify(userId, facts) }),
    order: (userId: string, lines: Record<string, number>, facts: OrderFacts = {}, by = engine) =>
      placeOrder(by, {
        shop,
        userId,
        ...identify(userId, facts),
        items: Object.entries(lines).map(([optionId, quantity]) => ({ optionId, quantity })),
        userCouponId: facts.userCouponId,
        expectedAmount: facts.expectedAmount,
        pay: facts.pay ?? false,
      }),
    pay: (userId: string, orderId: string, by = engine) => payOrder(by, { shop, userId, orderId }),
    cancel: (userId: string, orderId: string, by = engine) =>
      cancelOrder(by, { shop, userId, orderId }),
    adjust: (optionId: string, change: number, facts: OrderFacts = {}, by = engine) =>
      adjustStock(by, {
        shop,
        optionId,
        change,
        reason: 'count',
        ...identify('admin', facts),
      }),
    /** The counters of an option, as text. */
    async units(optionId: string) {
      const [free, held, sold] = await redis.hmget(
        shopKey(shop, 'options'),
        `${optionId}:free`,
        `${optionId}:held`,
        `${optionId}:sold`,
      )
      return { free: Number(free), held: Number(held), sold: Number(sold) }
    },
    balance: async (userId: string) => Number(await redis.hget(shopKey(shop, 'balances'), userId)),
    /** Types and data of all events in the outbox. */
    async events() {
      const entries = await redis.xrange(shopKey(shop, 'outbox'), '-', '+')
      return entries.map(([, fields]) => ({
        type: fields[1] as string,
        data: JSON.parse(fields[5] as string),
      }))
    },
    /** Everything in Redis that a refusal must not change. */
    async state() {
      const names = (await redis.keys(`{${shop}}:*`)).sort()
      return Object.fromEntries(
        await Promise.all(names.map(async (name) => [name, await contentOf(redis, name)])),
      )
    },
    /** Moves the deadline of a pending order into the past, as if time had passed. */
    async lapse(orderId: string, deadlineMs = 1) {
      const operation = orderId.slice(11)
      const record = await redis.hget(shopKey(shop, 'orders'), operation)
      const order = { ...JSON.parse(record as string), expiresAt: deadlineMs }
      await redis.hset(shopKey(shop, 'orders'), operation, JSON.stringify(order))
      await redis.zadd(shopKey(shop, 'holds'), deadlineMs, operation)
    },
  }
}

/** What a key holds, whatever order Redis happens to keep it in. */
async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return redis.hgetall(key)
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES')
    case 'stream':
      return redis.xrange(key, '-', '+')
    default:
      throw new Error(`A shop has no key of this type: ${key}`)
  }
}

/** The value of an accepted decision; a refusal fails the test with its code. */
export function value<Value>(outcome: Outcome<Value, string>): Value {
  if (!outcome.ok) throw new Error(`refused: ${outcome.code}`)
  return outcome.value
}

/** The code of a refusal, or `ok`. */
export function codeOf(outcome: Outcome<unknown, string>): string {
  return outcome.ok ? 'ok' : outcome.code
}
