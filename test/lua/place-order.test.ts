import { beforeEach, describe, expect, it } from 'vitest'
import type { OrderRecord } from '../../src/domain/events.ts'
import { Unavailable } from '../../src/domain/outcome.ts'
import type { FindStoredOrder, StoredOrder } from '../../src/domain/stored-order.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { orderView } from '../../src/http/order-view.ts'
import { limits } from '../../src/limits.ts'
import { salesKey, shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('place-order', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  it('idempotency_key_reused: refuses a key that came with another body', async () => {
    const option = await sale.option()
    await sale.order('ada', { [option]: 1 }, { key: 'k', body: 'one' })
    await expectRefusal(sale, 'idempotency_key_reused', () =>
      sale.order('ada', { nothing: 1 }, { key: 'k', body: 'two' }),
    )
  })

  it('persisted: answers as first answered from Postgres, or later where it is away', async () => {
    const persisted = new Map<string, StoredOrder>()
    let isAway = false
    const findStored: FindStoredOrder = async (orderId) => {
      if (isAway) throw new Error('Postgres is away')
      return persisted.get(orderId) ?? null
    }
    const shop = await openSale(redis, uniqueShop(), { findStored })
    const item = await shop.option({ stock: 100 })
    await shop.charge('ada', 50_000)
    for (const pay of [false, true]) {
      const ask = (body = 'body') =>
        shop.order('ada', { [item]: 1 }, { key: `persisted ${pay}`, pay, body })
      const first = value(await ask())
      if (!pay) await shop.cancel('ada', first.id)
      const order = (await readOrder(redis, shop.shop, first.id)) as OrderRecord
      const eventId = await shop.trim('ada')
      expect(await readOrder(redis, shop.shop, first.id)).toBeNull()

      const before = await shop.state()
      await expect(ask()).rejects.toThrow(Unavailable)
      isAway = true
      await expect(ask()).rejects.toThrow('Postgres is away')
      isAway = false
      persisted.set(order.id, { order, eventId })
      const again = await ask()
      expect(again).toMatchObject({ ok: true, replayed: true })
      expect(orderView(value(again))).toEqual(orderView(first))
      expect(codeOf(await ask('other'))).toBe('idempotency_key_reused')
      expect(await shop.state()).toEqual(before)
    }
  })

  it('replayed: answers as first answered after payment, refund and cancellation', async () => {
    const option = await sale.option({ stock: 100 })
    await sale.charge('ada', 50_000)
    const fates: ((orderId: string, itemId: string) => Promise<unknown>)[] = [
      async () => {},
      (id) => sale.pay('ada', id),
      (id) => sale.cancel('ada', id),
      async (id, itemId) => {
        await sale.pay('ada', id)
        await sale.refund(id, { [itemId]: 1 }, { restock: false })
      },
      async (id, itemId) => {
        await sale.pay('ada', id)
        await sale.refund(id, { [itemId]: 1 })
        await sale.refund(id)
      },
    ]
    for (const pay of [false, true]) {
      for (const [number, befall] of fates.entries()) {
        const key = `${number} ${pay}`
        const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
        const ask = () => sale.order('ada', { [option]: 2 }, { key, pay, userCouponId })
        const first = value(await ask())
        await befall(first.id, first.items[0]?.id as string)
        const before = await sale.state()
        const again = await ask()
        expect(again).toMatchObject({ ok: true, replayed: true })
        expect([key, orderView(value(again))]).toEqual([key, orderView(first)])
        expect(await sale.state()).toEqual(before)
      }
    }
  })

  it('replayed: answers as first answered after the deadline', async () => {
    const option = await sale.option()
    const first = value(await sale.order('ada', { [option]: 1 }, { key: 'k' }))
    await sale.lapse(first.id, first.expiresAt - 600_000)
    expect(codeOf(await sale.pay('ada', first.id))).toBe('order_expired')
    const again = value(await sale.order('ada', { [option]: 1 }, { key: 'k' }))
    expect(again).toMatchObject({ id: first.id, status: 'PENDING' })
    expect(again.cancelledAt).toBeUndefined()
  })

  it('replayed: has one effect for 50 requests at once with one key', async () => {
    const option = await sale.option()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => sale.order('ada', { [option]: 1 }, { key: 'k' })),
    )
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => value(outcome).id)).size).toBe(1)
    expect(await sale.units(option)).toEqual({ free: 9, held: 1, sold: 0 })
  })

  it('cart_empty: refuses before it looks at anything else, and answers a replay all the same', async () => {
    await expectRefusal(sale, 'cart_empty', () =>
      sale.order('ada', 'cart', { userCouponId: 'x.1' }),
    )
    const option = await sale.option()
    await sale.setCart('ada', option, 2)
    const first = value(await sale.order('ada', 'cart', { key: 'k' }))
    await expectRefusal(sale, 'cart_empty', () => sale.order('ada', 'cart'))
    expect(await sale.order('ada', 'cart', { key: 'k' })).toEqual({
      ok: true,
      replayed: true,
      value: first,
    })
  })

  it('option_not_found: refuses the whole order for one unknown option', async () => {
    const inactive = await sale.option({}, 'INACTIVE')
    await expectRefusal(sale, 'option_not_found', () =>
      sale.order('ada', { [inactive]: 1, nothing: 1 }),
    )
  })

  it('shop_closed: refuses to take a missing counter for zero stock', async () => {
    const option = await sale.option()
    await redis.hdel(shopKey(sale.shop, 'options'), `${option}:free`)
    await expectRefusal(sale, 'shop_closed', () => sale.order('ada', { [option]: 1 }))
  })

  it('product_inactive: refuses before it looks at the sale window', async () => {
    const option = await sale.option({ saleStartsAt: Date.now() + 60_000 }, 'INACTIVE')
    await expectRefusal(sale, 'product_inactive', () => sale.order('ada', { [option]: 1 }))
  })

  it('not_started: refuses before saleStartsAt by the clock of Redis', async () => {
    const early = await sale.option({ saleStartsAt: Date.now() + 60_000, stock: 0 })
    const late = await sale.option({ saleEndsAt: Date.now() - 1 })
    await expectRefusal(sale, 'not_started', () => sale.order('ada', { [late]: 1, [early]: 1 }))
  })

  it('ended: refuses from saleEndsAt on', async () => {
    const option = await sale.option({ saleEndsAt: Date.now() - 1, perUserLimit: 1 })
    await expectRefusal(sale, 'ended', () => sale.order('ada', { [option]: 2 }))
  })

  it('per_user_limit: counts live holds and completed orders, and frees by cancel', async () => {
    const option = await sale.option({ perUserLimit: 3, stock: 3 })
    await sale.charge('ada', 9_000)
    await sale.order('ada', { [option]: 1 }, { pay: true })
    const held = value(await sale.order('ada', { [option]: 1 }))
    await expectRefusal(sale, 'per_user_limit', () => sale.order('ada', { [option]: 2 }))
    await sale.cancel('ada', held.id)
    expect(codeOf(await sale.order('ada', { [option]: 2 }))).toBe('ok')
  })

  it('per_user_limit: does not count a hold whose deadline has passed', async () => {
    const option = await sale.option({ perUserLimit: 1 })
    await sale.lapse(value(await sale.order('ada', { [option]: 1 })).id)
    expect(codeOf(await sale.order('ada', { [option]: 1 }))).toBe('ok')
  })

  it('sold_out: refuses when not even the units on hold would do', async () => {
    const option = await sale.option({ stock: 2 })
    await sale.order('bob', { [option]: 2 })
    await expectRefusal(sale, 'sold_out', () => sale.order('ada', { [option]: 3 }))
  })

  it('sold_out: never sells more than 50 units to 200 buyers at once', async () => {
    const option = await sale.option({ stock: 50 })
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, user) => sale.order(`user-${user}`, { [option]: 1 })),
    )
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(50)
    expect(await sale.units(option)).toEqual({ free: 0, held: 50, sold: 0 })
  })

  it('sold_out: takes no line of an order of which one line is short', async () => {
    const plenty = await sale.option()
    const short = await sale.option({ stock: 1 })
    await expectRefusal(sale, 'sold_out', () => sale.order('ada', { [plenty]: 1, [short]: 2 }))
  })

  it('sold_out: refuses what its operator says is out of stock, whatever is free', async () => {
    const option = await sale.option({ perUserLimit: 1 }, 'OUT_OF_STOCK')
    await expectRefusal(sale, 'per_user_limit', () => sale.order('ada', { [option]: 2 }))
    await expectRefusal(sale, 'sold_out', () => sale.order('ada', { [option]: 1 }))
  })

  it('held: says when a unit may come back', async () => {
    const option = await sale.option({ stock: 1, holdMs: 5_000 })
    await sale.order('bob', { [option]: 1 })
    const refusal = await expectRefusal(sale, 'held', () => sale.order('ada', { [option]: 1 }))
    const retryAfterMs = refusal.ok ? Number.NaN : refusal.details?.retryAfterMs
    expect(retryAfterMs).toBeGreaterThan(0)
    expect(retryAfterMs).toBeLessThanOrEqual(5_000)
  })

  it('held: sells the units of a hold whose deadline has passed in the same command', async () => {
    const option = await sale.option({ stock: 1 })
    const coupon = await sale.coupon()
    const { userCouponId } = value(await sale.claim(coupon, 'bob'))
    const lapsed = value(await sale.order('bob', { [option]: 1 }, { userCouponId }))
    await sale.lapse(lapsed.id)
    const order = value(await sale.order('ada', { [option]: 1 }))
    expect((await sale.events()).slice(-2)).toMatchObject([
      {
        type: 'order_expired',
        data: { id: lapsed.id, status: 'EXPIRED', userCouponStatus: 'AVAILABLE' },
      },
      { type: 'order_placed', data: { id: order.id } },
    ])
    expect(await sale.units(option)).toEqual({ free: 0, held: 1, sold: 0 })
  })

  it('held: finds its unit behind more lapsed holds than one batch may expire', async () => {
    const other = await sale.option({ stock: 1_000 })
    const option = await sale.option({ stock: 1 })
    const limited = await sale.option({ perUserLimit: 1 })
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const count = 2 * limits.reapedHoldsMax + 1
    const lapsed = await Promise.all(
      Array.from({ length: count }, (_, user) => sale.order(`user-${user}`, { [other]: 1 })),
    )
    for (const order of lapsed) await sale.lapse(value(order).id, 1)
    const needed = [
      await sale.order('bob', { [option]: 1 }),
      await sale.order('ada', { [limited]: 1 }, { userCouponId }),
    ]
    for (const order of needed) await sale.lapse(value(order).id, 2)
    const outcomes = await Promise.all([
      sale.order('ada', { [option]: 1 }),
      sale.order('ada', { [limited]: 1 }, { userCouponId }),
    ])
    expect(outcomes.map(codeOf)).toEqual(['ok', 'ok'])
  })

  it('coupon_unavailable: refuses a coupon that is not the user’s, used, on hold or expired', async () => {
    const option = await sale.option()
    await sale.charge('ada', 5_000)
    const coupon = await sale.coupon({ minOrderAmount: 1_000_000 })
    const { userCouponId } = value(await sale.claim(coupon, 'bob'))
    for (const id of [userCouponId, `${coupon}.2`, 'nothing.1', 'nothing']) {
      await expectRefusal(sale, 'coupon_unavailable', () =>
        sale.order('ada', { [option]: 1 }, { userCouponId: id }),
      )
    }
    const used = value(await sale.claim(await sale.coupon(), 'ada')).userCouponId
    await sale.order('ada', { [option]: 1 }, { userCouponId: used, pay: true })
    const held = value(await sale.claim(await sale.coupon(), 'ada')).userCouponId
    await sale.order('ada', { [option]: 1 }, { userCouponId: held })
    for (const id of [used, held]) {
      await expectRefusal(sale, 'coupon_unavailable', () =>
        sale.order('ada', { [option]: 1 }, { userCouponId: id }),
      )
    }
    const expired = await sale.coupon()
    const { userCouponId: late } = value(await sale.claim(expired, 'ada'))
    await sale.lapseCoupon(late, 'ada')
    await expectRefusal(sale, 'coupon_unavailable', () =>
      sale.order('ada', { [option]: 1 }, { userCouponId: late }),
    )
  })

  it('coupon_unavailable: frees the coupon of the user’s own lapsed order in the same command', async () => {
    const option = await sale.option()
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const lapsed = value(await sale.order('ada', { [option]: 1 }, { userCouponId }))
    await sale.lapse(lapsed.id)
    expect(codeOf(await sale.order('ada', { [option]: 1 }, { userCouponId }))).toBe('ok')
  })

  it('min_order_amount: compares with the amount before the discount', async () => {
    const option = await sale.option({ price: 999 })
    const { userCouponId } = value(
      await sale.claim(await sale.coupon({ minOrderAmount: 1_000 }), 'ada'),
    )
    await expectRefusal(sale, 'min_order_amount', () =>
      sale.order('ada', { [option]: 1 }, { userCouponId, expectedAmount: 1 }),
    )
    expect(codeOf(await sale.order('ada', { [option]: 2 }, { userCouponId }))).toBe('ok')
  })

  it('amount_changed: tells the amounts that hold now', async () => {
    const option = await sale.option()
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const refusal = await expectRefusal(sale, 'amount_changed', () =>
      sale.order('ada', { [option]: 1 }, { userCouponId, expectedAmount: 1_000, pay: true }),
    )
    expect(refusal).toMatchObject({
      details: { originalAmount: 1_000, discountAmount: 100, finalAmount: 900 },
    })
  })

  it('insufficient_balance: holds nothing where the payment asked for is refused', async () => {
    const option = await sale.option()
    await sale.charge('ada', 999)
    await expectRefusal(sale, 'insufficient_balance', () =>
      sale.order('ada', { [option]: 1 }, { pay: true }),
    )
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const option = await sale.option()
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () => sale.order('ada', { [option]: 1 }, {}, full))
  })

  it('backlog_full: does not call sold for good what a lapsed hold would give back', async () => {
    const option = await sale.option({ stock: 1 })
    await sale.lapse(value(await sale.order('bob', { [option]: 1 })).id)
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () => sale.order('ada', { [option]: 1 }, {}, full))
  })

  it('placed: holds units until the earliest deadline of its lines', async () => {
    const slow = await sale.option({ price: 300 })
    const fast = await sale.option({ holdMs: 2_000, price: 500 })
    const order = value(await sale.order('ada', { [slow]: 2, [fast]: 1 }))
    expect(order).toMatchObject({
      userId: 'ada',
      status: 'PENDING',
      originalAmount: 1_100,
      discountAmount: 0,
      finalAmount: 1_100,
      expiresAt: order.orderedAt + 2_000,
      items: [
        { optionId: slow, quantity: 2, subtotal: 600, productName: 'Trainers', optionValue: 'M' },
        { optionId: fast, quantity: 1, subtotal: 500, unitPrice: 500 },
      ],
    })
    expect(await sale.units(slow)).toEqual({ free: 8, held: 2, sold: 0 })
    expect((await sale.events()).at(-1)).toEqual({ type: 'order_placed', data: order })
  })

  it('placed: pays in the same decision where asked to', async () => {
    const option = await sale.option()
    await sale.charge('ada', 5_000)
    const order = value(await sale.order('ada', { [option]: 2 }, { pay: true }))
    expect(order).toMatchObject({
      status: 'COMPLETED',
      payment: { amount: 2_000, status: 'PAID', paidAt: order.orderedAt },
      balanceChange: { amount: 2_000, beforeAmount: 5_000, afterAmount: 3_000 },
    })
    expect(await sale.units(option)).toEqual({ free: 8, held: 0, sold: 2 })
    expect(await sale.balance('ada')).toBe(3_000)
    const productId = order.items[0]?.productId as string
    const day = salesKey(sale.shop, new Date(order.orderedAt))
    expect(await redis.zscore(day, productId)).toBe('2')
  })

  it('placed: completes without a balance where nothing is to be paid', async () => {
    const option = await sale.option({ price: 50 })
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const order = value(await sale.order('ada', { [option]: 1 }, { userCouponId }))
    expect(order).toMatchObject({
      status: 'COMPLETED',
      originalAmount: 50,
      discountAmount: 50,
      finalAmount: 0,
      userCouponStatus: 'USED',
      payment: { amount: 0 },
    })
    expect(order.balanceChange).toBeUndefined()
  })

  it('placed: never takes a balance below zero under 50 orders at once', async () => {
    const option = await sale.option({ stock: 1_000 })
    await sale.charge('ada', 10_500)
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => sale.order('ada', { [option]: 1 }, { pay: true })),
    )
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(10)
    expect(await sale.balance('ada')).toBe(500)
  })
})
