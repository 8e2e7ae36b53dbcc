import { describe, expect } from 'vitest'
import { openBooks } from '../workers/books.ts'
import type { CleanSale } from './clean-sale.ts'
import { type Corruption, expectEachToBeNamed } from './corruption.ts'

const books = await openBooks()

const corruptions: Corruption[] = [
  {
    check: 'orders',
    when: 'Redis has forgotten what was paid back of an order',
    spoil: async (sale) => {
      const { part } = sale.orders
      await sale.keepWhole('orders', part.id)
      await sale.spoilRecord('orders', part.id.slice(11), { items: part.items })
    },
    names: ({ orders: { part } }) => ({
      row: `order ${part.id}`,
      fact: `refunded units of ${part.id}.1 in Redis`,
    }),
  },
  {
    check: 'orders',
    when: 'Redis has forgotten what was paid back of an order that had left it',
    spoil: async (sale) => {
      const { late } = sale.orders
      await sale.keepWhole('operations', late.id)
      await sale.spoilRecord('operations', late.id, { refundedAmount: 0 })
    },
    names: (sale) => ({
      row: `order ${sale.orders.late.id}`,
      fact: 'refundedAmount in Redis',
    }),
  },
  {
    check: 'orders',
    when: 'more was paid back of an order than of its items',
    spoil: (sale) =>
      sale.spoilRow(`update orders set refunded_amount = refunded_amount + 1
        where shop = $shop and id = '${sale.orders.part.id}'`),
    names: (sale) => ({
      row: `order ${sale.orders.part.id}`,
      fact: 'refunded amount against its items',
    }),
  },
  {
    check: 'orders',
    when: 'an order whose units all came back is not refunded',
    spoil: (sale) =>
      sale.spoilRow(`update orders set status = 'COMPLETED'
        where shop = $shop and id = '${sale.orders.inParts.id}'`),
    names: (sale) => ({
      row: `order ${sale.orders.inParts.id}`,
      fact: 'status, refunded where every unit is',
    }),
  },
  {
    check: 'orders',
    when: 'the payment of an order that is refunded in part says paid',
    spoil: (sale) =>
      sale.spoilRow(`update payments set status = 'PAID'
        where shop = $shop and order_id = '${sale.orders.part.id}'`),
    names: (sale) => ({ row: `order ${sale.orders.part.id}`, fact: 'status of its payment' }),
  },
  {
    check: 'orders',
    when: 'something was paid back of an order that was never paid',
    spoil: (sale) =>
      sale.spoilRow(`update orders set refunded_amount = 1
        where shop = $shop and id = '${sale.orders.pending.id}'`),
    names: (sale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: 'refunded amount, not above what was paid',
    }),
  },
  {
    check: 'refunds',
    when: 'a refund is of more than its items',
    spoil: spoilAmountOfRefund,
    names: () => ({
      row: expect.stringMatching(/^refund \S{33}$/),
      fact: 'amount against its items',
    }),
  },
  {
    check: 'refunds',
    when: 'a refund is of more than the balance got',
    spoil: spoilAmountOfRefund,
    names: () => ({
      row: expect.stringMatching(/^refund \S{33}$/),
      fact: 'amount in the balance history',
    }),
  },
  {
    check: 'refunds',
    when: 'an item of a refund is of another amount',
    spoil: (sale) =>
      sale.spoilRow(`update refund_items set amount = amount + 1
        where shop = $shop and order_item_id = '${sale.orders.whole.id}.1'`),
    names: (sale) => ({
      row: `order item ${sale.orders.whole.id}.1`,
      fact: 'refunded amount against its refunds',
    }),
  },
  {
    check: 'refunds',
    when: "a refund is not of its order's user",
    spoil: spoilUserOfRefund,
    names: () => ({
      row: expect.stringMatching(/^refund \S{33}$/),
      fact: 'user, as its order says',
    }),
  },
  {
    check: 'refunds',
    when: 'a refund went to the balance of somebody else',
    spoil: spoilUserOfRefund,
    names: () => ({
      row: expect.stringMatching(/^refund \S{33}$/),
      fact: 'user in the balance history',
    }),
  },
  {
    check: 'refunds',
    when: 'a refund took back more units than its order says',
    spoil: (sale) =>
      sale.spoilRow(`update refund_items set quantity = quantity + 1
        where shop = $shop and order_item_id = '${sale.orders.whole.id}.1'`),
    names: (sale) => ({
      row: `order item ${sale.orders.whole.id}.1`,
      fact: 'refunded quantity against its refunds',
    }),
  },
  {
    check: 'refunds',
    when: 'a refund did not restock what its order says',
    spoil: (sale) =>
      sale.spoilRow(`update refunds set restock = false
        where shop = $shop and order_id = '${sale.orders.whole.id}'`),
    names: (sale) => ({
      row: `order item ${sale.orders.whole.id}.1`,
      fact: 'restocked quantity against its refunds',
    }),
  },
  {
    check: 'refunds',
    when: 'more was paid back of an item than its share',
    spoil: async (sale) => {
      const { id } = sale.orders.part
      const oneMore = (table: string, column: string, of: string) =>
        sale.spoilRow(`update ${table} set ${column} = ${column} + 1
          where shop = $shop and ${of} = '${id}.2'`)
      await oneMore('order_items', 'refunded_amount', 'id')
      await oneMore('refund_items', 'amount', 'order_item_id')
      // Of the order it is as much, so that it is the item and its refund alone that are off.
      await sale.spoilRow(`update orders set refunded_amount = refunded_amount + 1
        where shop = $shop and id = '${id}'`)
    },
    names: (sale) => ({
      row: `order item ${sale.orders.part.id}.2`,
      fact: 'refunded amount, its share of what was paid',
    }),
  },
  {
    check: 'refunds',
    when: 'money was paid back for another order',
    spoil: (sale) =>
      sale.spoilRow(`update balance_history
        set order_id = '${sale.orders.part.id}', user_coupon_id = '${sale.ids.gift}.2'
        where shop = $shop and type = 'REFUND' and order_id = '${sale.orders.whole.id}'`),
    names: () => ({
      row: expect.stringMatching(/^refund \S{33}$/),
      fact: 'order in the balance history',
    }),
  },
  {
    check: 'refunds',
    when: 'Redis has a refund that Postgres does not know',
    spoil: async (sale) => {
      const id = `00000000001${'x'.repeat(22)}`
      const { late } = sale.orders
      const items = [{ orderItemId: `${late.id}.1`, quantity: 1, amount: 5 }]
      const refund = { id, orderId: late.id, userId: 'cat', amount: 5, restock: true, items, at: 1 }
      const record = JSON.stringify({ ...refund, orderStatus: 'COMPLETED' })
      await sale.redis.hset(sale.key('operations'), id.slice(11), record)
    },
    names: () => ({ row: `refund 00000000001${'x'.repeat(22)}`, fact: 'amount in Redis' }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  expectEachToBeNamed(books, corruptions)
})

function spoilAmountOfRefund(sale: CleanSale) {
  return sale.spoilRow(`update refunds set amount = amount + 1
    where shop = $shop and order_id = '${sale.orders.whole.id}'`)
}

function spoilUserOfRefund(sale: CleanSale) {
  return sale.spoilRow(`update refunds set user_id = 'bob'
    where shop = $shop and order_id = '${sale.orders.whole.id}'`)
}
