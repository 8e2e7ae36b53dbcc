import type { OrderRecord } from '../../src/domain/events.ts'
import { fingerprint, operationId } from '../../src/domain/ids.ts'
import type { Done, Outcome } from '../../src/domain/outcome.ts'
import type { FindStoredOrder } from '../../src/domain/stored-order.ts'
import { addCodes } from '../../src/engine/add-codes.ts'
import { adjustStock } from '../../src/engine/adjust-stock.ts'
import { cancelOrder } from '../../src/engine/cancel-order.ts'
import { chargeBalance } from '../../src/engine/charge-balance.ts'
import { claimByCode } from '../../src/engine/claim-by-code.ts'
import { claimCoupon } from '../../src/engine/claim-coupon.ts'
import { createCoupon } from '../../src/engine/create-coupon.ts'
import { createProduct, type NewProduct } from '../../src/engine/create-product.ts'
import { type EngineOptions, openEngine } from '../../src/engine/engine.ts'
import { expireCoupons } from '../../src/engine/expire-coupons.ts'
import { openShop } from '../../src/engine/open-shop.ts'
import { payOrder } from '../../src/engine/pay-order.ts'
import { placeOrder } from '../../src/engine/place-order.ts'
import { readCart } from '../../src/engine/read-cart.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { refundOrder } from '../../src/engine/refund-order.ts'
import { setCartItem } from '../../src/engine/set-cart-item.ts'
import { trimOutbox } from '../../src/engine/trim-outbox.ts'
import { type CouponChanges, updateCoupon } from '../../src/engine/update-coupon.ts'
import { type OptionChanges, updateOption } from '../../src/engine/update-option.ts'
import { type ProductChanges, updateProduct } from '../../src/engine/update-product.ts'
import type { RedisClient } from '../../src/redis/client.ts'
import { salesKey, shopKey } from '../../src/redis/keys.ts'
import { openUserCoupons } from './user-coupons.ts'

export type Sale = Awaited<ReturnType<typeof openSale>>

type OptionFacts = Partial<NewProduct['options'][number]>
type CouponFacts = Partial<Parameters<typeof createCoupon>[1]['coupon']>
type OrderFacts = {
  key?: string
  body?: unknown
  userCouponId?: string
  expectedAmount?: number
  pay?: boolean
}
type RefundFacts = {
  key?: string
  body?: unknown
  restock?: boolean
  findStored?: FindStoredOrder
  /** The order as Postgres has it, and its last event there. */
  storedOrder?: OrderRecord
  storedEvent?: string
}
/** `findStored` finds the shop's orders in its Postgres, if it has one. */
export type SaleOptions = Partial<Omit<EngineOptions, 'redis'>> & { findStored?: FindStoredOrder }

/** An open shop and short ways to act in it: defaults for everything that a test does not care about. */
export async function openSale(
  redis: RedisClient,
  shop: string,
  { findStored = async () => null, ...options }: SaleOptions = {},
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
  const recordOf = async (orderId: string): Promise<OrderRecord> =>
    (await readOrder(redis, shop, orderId)) as OrderRecord
  // A finished order is then there as earlier versions kept it, as a whole.
  const changeOrder = async (orderId: string, change: (order: OrderRecord) => void) => {
    const order = await recordOf(orderId)
    change(order)
    await redis.hset(shopKey(shop, 'orders'), orderId.slice(11), JSON.stringify(order))
  }
  const product = async (options: OptionFacts[], facts: Partial<NewProduct> = {}, by = engine) => {
    const defaults = { optionValue: 'M', price: 1_000, stock: 10 }
    const product: NewProduct = {
      name: 'Trainers',
      status: 'ACTIVE',
      ...facts,
      options: options.map((option) => ({ ...defaults, ...option })),
    }
    return value(await createProduct(by, { shop, product }))
  }

  return {
    redis,
    shop,
    engine,
    /** An engine over the same shop with other settings. */
    engineWith: open,
    /** A product with these options; returns it. */
    product,
    /** A product with one option; returns the option's id. */
    async option(facts: OptionFacts = {}, status: NewProduct['status'] = 'ACTIVE') {
      const { options } = await product([facts], { status })
      return options[0]?.id as string
    },
    /** The id of an option's product. */
    async productOf(optionId: string) {
      const facts = await redis.hget(shopKey(shop, 'options'), optionId)
      return JSON.parse(facts as string).productId as string
    },
    updateProduct: (productId: string, changes: ProductChanges, by = engine) =>
      updateProduct(by, { shop, productId, changes }),
    updateOption: (optionId: string, changes: OptionChanges, by = engine) =>
      updateOption(by, { shop, optionId, changes }),
    /** A coupon; returns its id. */
    async coupon(facts: CouponFacts = {}, by = engine) {
      const coupon = value(
        await createCoupon(by, {
          shop,
          coupon: {
            name: 'Ten off',
            discountType: 'FIXED',
            discountValue: 100,
            minOrderAmount: 0,
            totalQuantity: 10,
            perUserLimit: 1,
            restoreOnCancel: true,
            codeRequired: false,
            status: 'ACTIVE',
            ...facts,
          },
        }),
      )
      return coupon.id
    },
    updateCoupon: (couponId: string, changes: CouponChanges, by = engine) =>
      updateCoupon(by, { shop, couponId, changes }),
    /** New single-use codes of a coupon, or the refusal that met them. */
    async addCodes(
      couponId: string,
      count: number,
      by = engine,
    ): Promise<Outcome<string[], 'coupon_not_found'>> {
      const all: Done<string[]> = { ok: true, replayed: false, value: [] }
      for await (const codes of addCodes(by, { shop, couponId, count })) {
        if (!codes.ok) return codes
        all.value.push(...codes.value)
      }
      return all
    },
    claim: async (couponId: string, userId: string, by = engine) =>
      claimCoupon(by, { shop, couponId, userId }),
    claimByCode: (code: string, userId: string, by = engine) =>
      claimByCode(by, { shop, code, userId }),
    expireCoupons: (userCoupons: { id: string; userId: string }[], by = engine) =>
      expireCoupons(by, { shop, userCoupons }),
    setCart: (userId: string, optionId: string, quantity: number, by = engine) =>
      setCartItem(by, { shop, userId, optionId, quantity }),
    /** Options and quantities of a user's cart, in its order. */
    async cart(userId: string) {
      const lines = await readCart(redis, shop, userId)
      return lines.map(({ optionId, quantity }) => [optionId, quantity])
    },
    charge: (userId: string, amount: number, facts: OrderFacts = {}, by = engine) =>
      chargeBalance(by, { shop, userId, amount, ...identify(userId, facts) }),
    /** Lines are option ids with their quantities. */
    order: (
      userId: string,
      lines: Record<string, number> | 'cart',
      facts: OrderFacts = {},
      by = engine,
    ) =>
      placeOrder(
        by,
        {
          shop,
          userId,
          ...identify(userId, facts),
          items:
            lines === 'cart'
              ? 'cart'
              : Object.entries(lines).map(([optionId, quantity]) => ({ optionId, quantity })),
          userCouponId: facts.userCouponId,
          expectedAmount: facts.expectedAmount,
          pay: facts.pay ?? false,
        },
        findStored,
      ),
    pay: (userId: string, orderId: string, by = engine) =>
      payOrder(by, { shop, userId, orderId }, findStored),
    cancel: (userId: string, orderId: string, by = engine) =>
      cancelOrder(by, { shop, userId, orderId }, findStored),
    /** Parts are order item ids with their quantities; none stand for all that is left. */
    refund: (
      orderId: string,
      parts: Record<string, number> = {},
      facts: RefundFacts = {},
      by = engine,
    ) =>
      refundOrder(
        by,
        {
          shop,
          orderId,
          ...identify('admin', facts),
          items: Object.entries(parts).map(([orderItemId, quantity]) => ({
            orderItemId,
            quantity,
          })),
          restock: facts.restock ?? true,
        },
        facts.findStored ?? (facts.storedOrder ? given(facts) : findStored),
      ),
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
    /** What counts against the user's limit of an option, in units. */
    bought: async (optionId: string, userId: string) =>
      Number(await redis.hget(shopKey(shop, 'purchases'), `${optionId}:${userId}`)),
    /** Units of a product in the ranking of a UTC day; null where it is not in it. */
    async ranked(productId: string, timeMs: number) {
      const units = await redis.zscore(salesKey(shop, new Date(timeMs)), productId)
      return units === null ? null : Number(units)
    },
    /** The coupon's counters. */
    async issued(couponId: string) {
      const fields = [`${couponId}:issued`, `${couponId}:used`]
      const [issued, used] = await redis.hmget(shopKey(shop, 'coupons'), ...fields)
      return { issued: Number(issued), used: Number(used) }
    },
    /** Types and data of all events in the outbox. */
    async events() {
      const entries = await redis.xrange(shopKey(shop, 'outbox'), '-', '+')
      return entries.map(([, fields]) => ({
        type: fields[1] as string,
        data: JSON.parse(fields[5] as string),
      }))
    },
    /** Trims all events, as a drain does once Postgres has them; returns the id of the last one. */
    async trim(...userIds: string[]) {
      const [last] = await redis.xrevrange(shopKey(shop, 'outbox'), '+', '-', 'COUNT', 1)
      const eventId = last?.[0] as string
      await trimOutbox(redis, { shop, eventId, userIds })
      return eventId
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
      await changeOrder(orderId, (order) => {
        order.expiresAt = deadlineMs
      })
      await redis.zadd(shopKey(shop, 'holds'), deadlineMs, orderId.slice(11))
    },
    ...openUserCoupons(redis, shop),
    /** Moves the payment of an order into the past, and its sales to the ranking of that day. */
    async backdate(orderId: string, paidAtMs: number) {
      const { items, payment } = await recordOf(orderId)
      const today = salesKey(shop, new Date(payment?.paidAt as number))
      for (const { productId, quantity } of items) {
        await redis.zincrby(today, -quantity, productId)
        await redis.zincrby(salesKey(shop, new Date(paidAtMs)), quantity, productId)
      }
      await redis.zremrangebyscore(today, '-inf', 0)
      await changeOrder(orderId, (order) => {
        if (order.payment) order.payment.paidAt = paidAtMs
      })
    },
  }
}

function given({ storedOrder, storedEvent = '' }: RefundFacts): FindStoredOrder {
  return async () => ({ order: storedOrder as OrderRecord, eventId: storedEvent })
}

/** What a key holds, whatever order Redis happens to keep it in. */
async function contentOf(redis: RedisClient, key: string): Promise<unknown> {
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
