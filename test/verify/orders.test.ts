import { describe, expect } from 'vitest'
import { openBooks } from '../workers/books.ts'
import type { CleanSale } from './clean-sale.ts'
import { type Corruption, expectEachToBeNamed } from './corruption.ts'

const books = await openBooks()

const corruptions: Corruption[] = [
  {
    check: 'balances',
    when: 'a hot balance is off by one',
    spoil: (sale) => sale.redis.hincrby(sale.key('balances'), 'bob', -1),
    names: () => ({ row: 'balance of user bob', fact: 'amount in Redis' }),
  },
  {
    check: 'balances',
    when: 'a hot balance is lost',
    spoil: (sale) => sale.redis.hdel(sale.key('balances'), 'bob'),
    names: () => ({ row: 'balance of user bob', fact: 'amount in Redis' }),
  },
  {
    check: 'balances',
    when: 'a charge is missing from the history',
    spoil: (sale) =>
      sale.spoilRow(`delete from balance_history where shop = $shop and user_id = 'bob'`),
    names: () => ({
      row: 'balance of user bob',
      fact: 'amount against charges + refunds - deductions',
    }),
  },
  {
    check: 'balances',
    when: 'the chain of changes has a gap',
    spoil: (sale) =>
      sale.spoilRow(`update balance_history set before_amount = before_amount + 1,
        after_amount = after_amount + 1 where shop = $shop and user_id = 'bob'`),
    names: () => ({
      row: expect.stringMatching(/^balance history \S+ of user bob$/),
      fact: 'amount before, as the last change left it',
    }),
  },
  {
    check: 'orders',
    when: 'a payment is of another amount',
    spoil: (sale) =>
      sale.spoilRow(`update payments set amount = amount + 1
        where shop = $shop and order_id = '${sale.orders.paid.id}'`),
    names: (sale) => ({ row: `order ${sale.orders.paid.id}`, fact: 'amount of the payment' }),
  },
  {
    check: 'orders',
    when: 'the discount of an order is not that of its items',
    spoil: (sale) =>
      sale.spoilRow(`update order_items set discount_amount = discount_amount - 1
        where shop = $shop and order_id = '${sale.orders.withCoupon.id}'`),
    names: (sale) => ({
      row: `order ${sale.orders.withCoupon.id}`,
      fact: 'discount against its items',
    }),
  },
  {
    check: 'orders',
    when: 'money was deducted for another order',
    spoil: (sale) =>
      sale.spoilRow(`update balance_history set order_id = '${sale.orders.pending.id}'
        where shop = $shop and order_id = '${sale.orders.paid.id}'`),
    names: (sale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: 'deductions, one where something was to pay',
    }),
  },
  {
    check: 'orders',
    when: 'a hot order has another status',
    spoil: async (sale) => {
      const { id } = sale.orders.cancelled
      await sale.keepWhole('orders', id)
      await sale.spoilRecord('orders', id.slice(11), { status: 'COMPLETED' })
    },
    names: (sale) => ({ row: `order ${sale.orders.cancelled.id}`, fact: 'status in Redis' }),
  },
  {
    check: 'orders',
    when: 'a finished order is kept with another event',
    spoil: (sale) => spoilStub(sale, sale.orders.paid.id, (stub) => `${stub}1`),
    names: (sale) => ({ row: `order ${sale.orders.paid.id}`, fact: 'event in Redis' }),
  },
  {
    check: 'orders',
    when: 'a finished order that had been dropped is kept with another fingerprint',
    spoil: async (sale) => {
      const { id } = sale.orders.late
      const stub = (await sale.redis.hget(sale.key('operations'), id)) as string
      const changed = stub.slice(0, 11) + 'x'.repeat(8) + stub.slice(19)
      await sale.redis.hset(sale.key('operations'), id, changed)
    },
    names: (sale) => ({ row: `order ${sale.orders.late.id}`, fact: 'fingerprint in Redis' }),
  },
  {
    check: 'orders',
    when: 'an order is kept as finished that Postgres does not know',
    spoil: (sale) =>
      spoilStub(sale, sale.orders.cancelled.id, (stub) => `00000000001${stub.slice(11)}`),
    names: ({ orders: { cancelled } }) => ({
      row: `order 00000000001${cancelled.id.slice(11)}`,
      fact: 'event in Redis',
    }),
  },
  {
    check: 'orders',
    when: 'what is kept of a finished order cannot be read',
    spoil: (sale) => spoilStub(sale, sale.orders.expired.id, (stub) => stub.slice(1)),
    names: (sale) => ({
      row: `order ${sale.orders.expired.id.slice(11)}`,
      fact: 'record in Redis',
    }),
  },
  {
    check: 'holds',
    when: 'a pending order is not on hold',
    spoil: (sale) => sale.redis.zrem(sale.key('holds'), sale.orders.pending.id.slice(11)),
    names: (sale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: 'deadline of its hold in Redis',
    }),
  },
  {
    check: 'holds',
    when: 'a finished order is on hold',
    spoil: (sale) => sale.redis.zadd(sale.key('holds'), 99, sale.orders.paid.id.slice(11)),
    names: (sale) => ({
      row: `order ${sale.orders.paid.id}`,
      fact: 'deadline of its hold in Redis',
    }),
  },
  {
    check: 'holds',
    when: 'a user has bought more than his orders say',
    spoil: (sale) => sale.redis.hincrby(sale.key('purchases'), `${sale.ids.shirt}:ann`, 1),
    names: (sale) => ({
      row: `purchases of option ${sale.ids.shirt} by user ann`,
      fact: 'units in Redis',
    }),
  },
  {
    check: 'holds',
    when: 'refunded units still count against the limit of a user',
    spoil: (sale) => sale.redis.hset(sale.key('purchases'), `${sale.ids.small}:eve`, 3),
    names: (sale) => ({
      row: `purchases of option ${sale.ids.small} by user eve`,
      fact: 'units in Redis',
    }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  expectEachToBeNamed(books, corruptions)
})

async function spoilStub(sale: CleanSale, orderId: string, change: (stub: string) => string) {
  const field = orderId.slice(11)
  const stub = (await sale.redis.hget(sale.key('orders'), field)) as string
  await sale.redis.hset(sale.key('orders'), field, change(stub))
}
