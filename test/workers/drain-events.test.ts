import { beforeEach, describe, expect, it } from 'vitest'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

const drain = () => shop.drain()

describe('the drain', () => {
  it('writes a product with its options and their initial stock', async () => {
    const optionId = await shop.option({ stock: 7, price: 1_200, perUserLimit: 2, holdMs: 5_000 })
    expect(await drain()).toEqual({ events: 1, deadLetters: 0, more: false })
    expect(await shop.rows('products', 'name, status')).toEqual([
      { name: 'Trainers', status: 'ACTIVE' },
    ])
    expect(await shop.rows('product_options')).toMatchObject([
      { id: optionId, option_value: 'M', price: '1200', per_user_limit: 2, hold_ms: 5_000 },
    ])
    expect(await units(optionId)).toEqual([7, 0, 0])
    expect(await stockHistory()).toEqual([['INITIAL', 7, null]])
  })

  it('writes a stock adjustment with its reason', async () => {
    const optionId = await shop.option({ stock: 7 })
    value(await shop.adjust(optionId, -3))
    await drain()
    expect(await units(optionId)).toEqual([4, 0, 0])
    expect(await stockHistory()).toEqual([
      ['INITIAL', 7, null],
      ['ADJUST', -3, 'count'],
    ])
  })

  it('writes a charge, the balance and the user', async () => {
    value(await shop.charge('ann', 500))
    value(await shop.charge('ann', 250))
    await drain()
    expect(await shop.rows('users', 'id, name, email')).toEqual([
      { id: 'ann', name: null, email: null },
    ])
    expect(await shop.rows('balances', 'user_id, amount')).toEqual([
      { user_id: 'ann', amount: '750' },
    ])
    expect(
      await shop.rows('balance_history', 'type, before_amount, after_amount, order_id'),
    ).toMatchObject([
      { type: 'CHARGE', before_amount: '0', after_amount: '500', order_id: null },
      { type: 'CHARGE', before_amount: '500', after_amount: '750', order_id: null },
    ])
  })

  it('writes a coupon and its claims, and counts them', async () => {
    const couponId = await shop.coupon({ code: 'TEN', totalQuantity: 5 })
    value(await shop.claim(couponId, 'ann'))
    value(await shop.claim(couponId, 'bob'))
    await drain()
    expect(await shop.rows('coupons')).toMatchObject([
      { id: couponId, code: 'TEN', total_quantity: 5, issued_quantity: 2, used_quantity: 0 },
    ])
    expect(await shop.rows('user_coupons', 'id, user_id, rank, status')).toEqual([
      { id: `${couponId}.1`, user_id: 'ann', rank: 1, status: 'AVAILABLE' },
      { id: `${couponId}.2`, user_id: 'bob', rank: 2, status: 'AVAILABLE' },
    ])
    expect(await couponActions()).toEqual([
      ['ISSUED', null],
      ['ISSUED', null],
    ])
  })

  it('holds the units and the coupon of a pending order', async () => {
    const { optionId, order } = await placeWithCoupon()
    await drain()
    expect(await units(optionId)).toEqual([8, 2, 0])
    expect(await shop.rows('orders')).toMatchObject([
      {
        id: order.id,
        status: 'PENDING',
        original_amount: '2000',
        discount_amount: '100',
        final_amount: '1900',
        paid_at_once: false,
      },
    ])
    expect(await shop.rows('order_items')).toMatchObject([
      { id: `${order.id}.1`, option_id: optionId, quantity: 2, discount_amount: '100' },
    ])
    expect(await shop.rows('user_coupons')).toMatchObject([
      { status: 'HELD', order_id: order.id, used_at: null },
    ])
    expect(await couponActions()).toEqual([
      ['ISSUED', null],
      ['HELD', '100'],
    ])
    expect(await shop.rows('payments')).toEqual([])
  })

  for (const batches of ['in one batch', 'in two batches'] as const) {
    const between = () => (batches === 'in two batches' ? drain() : undefined)

    it(`writes an order that is placed and paid ${batches}`, async () => {
      const { optionId, order, couponId } = await placeWithCoupon()
      value(await shop.charge('ann', 5_000))
      await between()
      value(await shop.pay('ann', order.id))
      await drain()
      expect(await units(optionId)).toEqual([8, 0, 2])
      expect(await stockHistory()).toEqual([
        ['INITIAL', 10, null],
        ['ORDER', -2, null],
      ])
      expect(await shop.rows('orders')).toMatchObject([{ status: 'COMPLETED' }])
      expect(await shop.rows('payments')).toMatchObject([
        { id: `pay-${order.id}`, order_id: order.id, amount: '1900', discount_amount: '100' },
      ])
      expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '3100' }])
      expect(await shop.rows('balance_history')).toMatchObject([
        { type: 'CHARGE', after_amount: '5000' },
        { type: 'DEDUCT', amount: '1900', before_amount: '5000', order_id: order.id },
      ])
      expect(await shop.rows('user_coupons')).toMatchObject([
        { status: 'USED', order_id: order.id, payment_id: `pay-${order.id}` },
      ])
      expect(await couponActions()).toEqual([
        ['ISSUED', null],
        ['HELD', '100'],
        ['USED', '100'],
      ])
      expect(await shop.rows('coupons')).toMatchObject([
        { id: couponId, issued_quantity: 1, used_quantity: 1 },
      ])
    })

    it(`gives back what an order held when it is placed and cancelled ${batches}`, async () => {
      const { optionId, order } = await placeWithCoupon()
      await between()
      value(await shop.cancel('ann', order.id))
      await drain()
      expect(await units(optionId)).toEqual([10, 0, 0])
      expect(await stockHistory()).toEqual([
        ['INITIAL', 10, null],
        ['ORDER', -2, null],
        ['CANCEL', 2, null],
      ])
      expect(await shop.rows('orders')).toMatchObject([{ status: 'CANCELLED' }])
      expect(await shop.rows('user_coupons')).toMatchObject([
        { status: 'AVAILABLE', order_id: null, used_at: null },
      ])
      expect(await couponActions()).toEqual([
        ['ISSUED', null],
        ['HELD', '100'],
        ['RESTORED', null],
      ])
    })
  }

  it('expires an order and its coupon, where the coupon is not given back', async () => {
    const { optionId, order } = await placeWithCoupon({ restoreOnCancel: false })
    await shop.lapse(order.id)
    await drain()
    expect(await shop.reap()).toEqual({ reaped: 1, more: false })
    await drain()
    expect(await units(optionId)).toEqual([10, 0, 0])
    expect(await stockHistory()).toContainEqual(['EXPIRE', 2, null])
    expect(await shop.rows('orders')).toMatchObject([{ status: 'EXPIRED' }])
    expect(await shop.rows('user_coupons')).toMatchObject([{ status: 'EXPIRED', order_id: null }])
    expect(await couponActions()).toContainEqual(['EXPIRED', null])
  })

  it('writes an order that is paid at once, with many lines', async () => {
    const first = await shop.option({ price: 300 })
    const second = await shop.option({ price: 50 })
    value(await shop.charge('ann', 1_000))
    value(await shop.order('ann', { [first]: 1, [second]: 4 }, { pay: true }))
    await drain()
    expect(await units(first)).toEqual([9, 0, 1])
    expect(await units(second)).toEqual([6, 0, 4])
    expect(await shop.rows('order_items', 'line, quantity, subtotal')).toMatchObject([
      { line: 1, quantity: 1, subtotal: '300' },
      { line: 2, quantity: 4, subtotal: '200' },
    ])
    expect(await shop.rows('orders')).toMatchObject([{ status: 'COMPLETED', paid_at_once: true }])
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '500' }])
  })

  it('keeps the times of the decisions', async () => {
    const { order } = await placeWithCoupon()
    await drain()
    const [row] = await shop.rows('orders')
    expect(Date.parse(String(row?.ordered_at))).toBe(order.orderedAt)
    expect(Date.parse(String(row?.expires_at))).toBe(order.expiresAt)
  })

  it('keeps the order of the events over many batches', async () => {
    for (let charge = 1; charge <= 2_500; charge += 100) {
      await Promise.all(Array.from({ length: 100 }, () => shop.charge('ann', 1)))
    }
    expect(await drain()).toMatchObject({ events: 2_500, more: false })
    const changes = await shop.rows('balance_history', 'before_amount, after_amount')
    expect(changes.map((change) => Number(change.before_amount))).toEqual(
      Array.from({ length: 2_500 }, (_, index) => index),
    )
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '2500' }])
  })

  it('leaves an empty stream, the watermark behind its last event, and no mark of the orders', async () => {
    const { order } = await placeWithCoupon()
    const events = await books.redis.xrange(`{${shop.shop}}:outbox`, '-', '+')
    await drain()
    expect(await shop.backlog()).toBe(0)
    expect((await shop.watermark())?.streamId).toBe(events.at(-1)?.[0])
    expect(await books.redis.hget(`{${shop.shop}}:recents`, order.userId)).toBeNull()
  })
})

async function placeWithCoupon(facts: { restoreOnCancel?: boolean } = {}) {
  const optionId = await shop.option({ stock: 10, price: 1_000 })
  const couponId = await shop.coupon(facts)
  const { userCouponId } = value(await shop.claim(couponId, 'ann'))
  const order = value(await shop.order('ann', { [optionId]: 2 }, { userCouponId }))
  return { optionId, couponId, order }
}

async function units(optionId: string) {
  const options = await shop.rows('product_options', 'id, stock, held, sold')
  const option = options.find(({ id }) => id === optionId)
  return [Number(option?.stock), Number(option?.held), Number(option?.sold)]
}

async function stockHistory() {
  const history = await shop.rows('product_stock_history', 'type, change, reason')
  return history.map(({ type, change, reason }) => [type, Number(change), reason])
}

async function couponActions() {
  const history = await shop.rows('coupon_history', 'action, applied_discount')
  return history.map(({ action, applied_discount }) => [action, applied_discount])
}
