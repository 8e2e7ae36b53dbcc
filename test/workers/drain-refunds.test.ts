import { beforeEach, describe, expect, it } from 'vitest'
import { listRefunds } from '../../src/db/refunds.ts'
import type { OrderRecord } from '../../src/domain/events.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { codeOf, value } from '../support/sale.ts'
import { findOrder, findStoredOrder } from '../support/stored-orders.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
let shop: Shop
const em = () => books.orm.em.fork()

beforeEach(async () => {
  shop = await books.openShop()
})

/** A paid order of three units at 1,000 and one at 500, with 100 off by a coupon. */
async function placePaid(facts: { restoreOnCancel?: boolean } = {}) {
  const [shirt, cap] = [
    await shop.option({ price: 1_000 }),
    await shop.option({ price: 500, stock: 5 }),
  ]
  const couponId = await shop.coupon(facts)
  const { userCouponId } = value(await shop.claim(couponId, 'ann'))
  value(await shop.charge('ann', 10_000))
  const lines = { [shirt]: 3, [cap]: 1 }
  const order = value(await shop.order('ann', lines, { userCouponId }))
  return { shirt, cap, order, pay: async () => value(await shop.pay('ann', order.id)) }
}

const units = async (optionId: string) =>
  (await shop.rows('product_options', 'id, stock, held, sold'))
    .filter(({ id }) => id === optionId)
    .map(({ stock, held, sold }) => [stock, held, sold].map(Number))[0]

for (const batches of ['in one batch', 'in a batch each'] as const) {
  const then = async () => {
    if (batches === 'in a batch each') await shop.drain()
  }
  const drainAll = async () => {
    expect(await shop.drain()).toMatchObject({ deadLetters: 0 })
    if (batches === 'in one batch') expect(await shop.transactions()).toBe(1)
  }

  describe(`the drain of refunds, with events ${batches}`, () => {
    it('writes an order that is placed, paid, and refunded in parts and then whole', async () => {
      const { shirt, cap, order, pay } = await placePaid()
      await then()
      await pay()
      await then()
      const item = (line: number) => `${order.id}.${line}`
      const first = value(await shop.refund(order.id, { [item(1)]: 1 }, { restock: true }))
      await then()
      expect(first.amount).toBe(971)
      const second = value(await shop.refund(order.id, { [item(2)]: 1 }, { restock: false }))
      if (batches === 'in a batch each') {
        await shop.drain()
        expect(await shop.rows('orders', 'status, refunded_amount')).toEqual([
          { status: 'COMPLETED', refunded_amount: String(first.amount + second.amount) },
        ])
        expect(await shop.rows('payments', 'status')).toEqual([{ status: 'PARTIALLY_REFUNDED' }])
        expect(await shop.rows('user_coupons', 'status')).toEqual([{ status: 'USED' }])
      }
      const third = value(await shop.refund(order.id, {}, { restock: true }))
      await drainAll()

      expect(await shop.rows('orders', 'status, final_amount, refunded_amount')).toEqual([
        { status: 'REFUNDED', final_amount: '3400', refunded_amount: '3400' },
      ])
      expect(await shop.rows('payments', 'status, amount')).toEqual([
        { status: 'REFUNDED', amount: '3400' },
      ])
      const columns = 'line, quantity, refunded_quantity, restocked_quantity, refunded_amount'
      expect(await shop.rows('order_items', columns)).toMatchObject([
        { line: 1, refunded_quantity: 3, restocked_quantity: 3, refunded_amount: '2914' },
        { line: 2, refunded_quantity: 1, restocked_quantity: 0, refunded_amount: '486' },
      ])
      expect(await units(shirt)).toEqual([10, 0, 0])
      expect(await units(cap)).toEqual([4, 0, 1])
      const stock = await shop.rows('product_stock_history', 'event_id, type, change, order_id')
      expect(
        stock.filter(({ type }) => type === 'REFUND').map(({ change }) => Number(change)),
      ).toEqual([1, 2])
      expect(
        (await shop.rows('balance_history', 'event_id, type, id, amount, after_amount')).map(
          ({ type, id, amount, after_amount }) => [type, id, amount, after_amount],
        ),
      ).toMatchObject([
        ['CHARGE', expect.anything(), '10000', '10000'],
        ['DEDUCT', `pay-${order.id}`, '3400', '6600'],
        ['REFUND', first.id, String(first.amount), String(6_600 + first.amount)],
        ['REFUND', second.id, String(second.amount), expect.anything()],
        ['REFUND', third.id, String(third.amount), '10000'],
      ])
      expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '10000' }])
      expect(await shop.rows('user_coupons', 'status, order_id, used_at, payment_id')).toEqual([
        { status: 'AVAILABLE', order_id: null, used_at: null, payment_id: null },
      ])
      expect(await shop.rows('coupons', 'issued_quantity, used_quantity')).toEqual([
        { issued_quantity: 1, used_quantity: 0 },
      ])
      const actions = await shop.rows('coupon_history', 'event_id, action, order_id')
      expect(actions.map(({ action, order_id }) => [action, order_id])).toEqual([
        ['ISSUED', null],
        ['HELD', order.id],
        ['USED', order.id],
        ['RESTORED', order.id],
      ])
      const wanted = [third, second, first].map(({ fingerprint, orderStatus, ...rest }) => rest)
      expect(await listRefunds(em(), shop.shop, order.id, { limit: 3 })).toEqual({
        items: wanted,
        nextCursor: null,
      })
    })

    it('leaves a coupon used that is not to be given back', async () => {
      const { order, pay } = await placePaid({ restoreOnCancel: false })
      await pay()
      await then()
      value(await shop.refund(order.id))
      await drainAll()
      expect(await shop.rows('user_coupons', 'status, order_id')).toEqual([
        { status: 'USED', order_id: order.id },
      ])
      expect(await shop.rows('coupons', 'used_quantity')).toEqual([{ used_quantity: 1 }])
      expect(await shop.rows('coupon_history', 'action')).toHaveLength(3)
    })

    it('writes no balance change for the refund of an order that cost nothing', async () => {
      const optionId = await shop.option({ price: 0 })
      const order = value(await shop.order('ann', { [optionId]: 2 }))
      await then()
      const refund = value(await shop.refund(order.id))
      await drainAll()
      expect(await shop.rows('balance_history', 'id')).toEqual([])
      expect(await shop.rows('refunds', 'id, amount, restock')).toEqual([
        { id: refund.id, amount: '0', restock: true },
      ])
      expect(await shop.rows('orders', 'status')).toEqual([{ status: 'REFUNDED' }])
    })
  })
}

describe('an order that has left Redis', () => {
  it('is refunded from what Postgres has of it, as often as parts are left', async () => {
    const { order, pay, shirt } = await placePaid()
    await pay()
    value(await shop.refund(order.id, { [`${order.id}.1`]: 1 }))
    const hot = (await readOrder(shop.redis, shop.shop, order.id)) as OrderRecord
    await shop.drain()
    const { refund, userCouponStatus, balanceChange, ...record } = hot
    const stored = await findStoredOrder(em(), shop.shop, order.id)
    expect(stored?.order).toEqual(record)
    await shop.redis.hdel(shopKey(shop.shop, 'orders'), order.id.slice(11))

    const part = (quantity: number) => ({ [`${order.id}.1`]: quantity })
    value(await shop.refund(order.id, part(1)))
    await shop.drain()
    // The same stale record again, because this one was slow: it is read anew.
    const copies = [stored]
    const findStored = async () => copies.shift() ?? findStoredOrder(em(), shop.shop, order.id)
    const late = await shop.refund(order.id, part(2), { findStored })
    expect([codeOf(late), copies]).toEqual(['nothing_to_refund', []])
    value(await shop.refund(order.id))
    expect(await shop.drain()).toMatchObject({ deadLetters: 0 })
    expect(await shop.rows('orders', 'status, refunded_amount')).toEqual([
      { status: 'REFUNDED', refunded_amount: '3400' },
    ])
    expect(await units(shirt)).toEqual([10, 0, 0])
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '10000' }])
    expect(await findOrder(em(), shop.shop, order.id)).toMatchObject({
      status: 'REFUNDED',
      payment: { status: 'REFUNDED' },
      refundedAmount: 3_400,
    })
  })
})
