import { describe, expect } from 'vitest'
import type { OrderRecord } from '../../src/domain/events.ts'
import { openBooks } from '../workers/books.ts'
import type { CleanSale } from './clean-sale.ts'
import { type Corruption, expectEachToBeNamed } from './corruption.ts'

const books = await openBooks()

/** A column of one row of Postgres. The assignment and the condition are SQL. */
function row(table: string, assignment: string, where: (sale: CleanSale) => string) {
  return (sale: CleanSale) =>
    sale.spoilRow(`update ${table} set ${assignment} where shop = $shop and ${where(sale)}`)
}

const stepOfPending = (sale: CleanSale) =>
  `order_id = '${sale.orders.pending.id}' and action = 'HELD'`
const stepNamed = (fact: string) => (sale: CleanSale) => ({
  row: expect.stringMatching(`^coupon history \\d+ of user coupon ${sale.ids.coupon}[.]2$`),
  fact,
})
const held = (sale: CleanSale) => `id = '${sale.ids.coupon}.2'`
const used = (sale: CleanSale) => `id = '${sale.ids.coupon}.1'`
const ofPaid = (sale: CleanSale) => `order_id = '${sale.orders.paid.id}'`

const corruptions: Corruption[] = [
  {
    check: 'user-coupons',
    when: 'a step of a user coupon took off more than its order says',
    spoil: row('coupon_history', 'applied_discount = applied_discount + 1', stepOfPending),
    names: stepNamed('discount, as its order says'),
  },
  {
    check: 'user-coupons',
    when: 'a step of a user coupon is of another user',
    spoil: row('coupon_history', "user_id = 'ann'", stepOfPending),
    names: stepNamed('user, as its user coupon says'),
  },
  {
    check: 'user-coupons',
    when: 'a step of a user coupon is of another coupon',
    spoil: (sale) => row('coupon_history', `coupon_id = '${sale.ids.gift}'`, stepOfPending)(sale),
    names: stepNamed('coupon, as its user coupon says'),
  },
  {
    check: 'user-coupons',
    when: 'a step of a user coupon is of an order without it',
    spoil: (sale) =>
      row('coupon_history', `order_id = '${sale.orders.paid.id}'`, stepOfPending)(sale),
    names: stepNamed('user coupon of its order'),
  },
  {
    check: 'user-coupons',
    when: 'the history of a user coupon does not know an order with it',
    spoil: (sale) =>
      row('coupon_history', `order_id = '${sale.orders.paid.id}'`, stepOfPending)(sale),
    names: (sale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: 'steps of its user coupon, at least one',
    }),
  },
  {
    check: 'user-coupons',
    when: 'an order has lost its user coupon on both sides',
    spoil: async (sale) => {
      const { id } = sale.orders.pending
      await row('orders', 'user_coupon_id = null', () => `id = '${id}'`)(sale)
      await sale.spoilRecord('orders', id.slice(11), { userCouponId: undefined })
    },
    names: (sale) => ({
      row: `user coupon ${sale.ids.coupon}.2`,
      fact: 'user coupon of its order',
    }),
  },
  {
    check: 'user-coupons',
    when: 'an order has the user coupon of somebody else',
    spoil: async (sale) => {
      const { id } = sale.orders.expired
      await row('orders', `user_coupon_id = '${sale.ids.coupon}.1'`, () => `id = '${id}'`)(sale)
    },
    names: (sale) => ({
      row: `order ${sale.orders.expired.id}`,
      fact: 'user of its user coupon',
    }),
  },
  {
    check: 'user-coupons',
    when: 'a held user coupon names another order',
    spoil: (sale) => row('user_coupons', `order_id = '${sale.orders.paidLater.id}'`, held)(sale),
    names: (sale) => ({ row: `user coupon ${sale.ids.coupon}.2`, fact: 'status of its order' }),
  },
  {
    check: 'user-coupons',
    when: 'a used user coupon names another payment',
    spoil: row('user_coupons', "payment_id = 'pay-1'", used),
    names: (sale) => ({ row: `user coupon ${sale.ids.coupon}.1`, fact: 'payment of its order' }),
  },
  {
    check: 'user-coupons',
    when: 'a user coupon expires in Postgres only',
    spoil: row('user_coupons', 'expires_at = now()', held),
    names: (sale) => ({
      row: `coupon ${sale.ids.coupon} of user bob`,
      fact: 'expiry of rank 2 in Redis',
    }),
  },
  {
    check: 'user-coupons',
    when: 'a user coupon was issued at another time',
    spoil: row('user_coupons', "issued_at = issued_at + interval '1 ms'", held),
    names: (sale) => ({
      row: `coupon ${sale.ids.coupon} of user bob`,
      fact: 'issue of rank 2 in Redis',
    }),
  },
  {
    check: 'orders',
    when: 'a payment is of another user',
    spoil: row('payments', "user_id = 'bob'", ofPaid),
    names: (sale) => ({
      row: `payment pay-${sale.orders.paid.id}`,
      fact: 'user, as its order says',
    }),
  },
  {
    check: 'orders',
    when: 'a payment is of another discount',
    spoil: row('payments', 'discount_amount = discount_amount + 1', ofPaid),
    names: (sale) => ({
      row: `payment pay-${sale.orders.paid.id}`,
      fact: 'discount, as its order says',
    }),
  },
  {
    check: 'orders',
    when: 'a payment has the id of no order',
    spoil: row('payments', "id = 'pay-1'", ofPaid),
    names: () => ({ row: 'payment pay-1', fact: 'id, made of its order' }),
  },
  {
    check: 'orders',
    when: 'a change of a balance names a user coupon that its order does not have',
    spoil: (sale) =>
      row('balance_history', `user_coupon_id = '${sale.ids.coupon}.1'`, ofPaid)(sale),
    names: (sale) => ({
      row: `balance history pay-${sale.orders.paid.id} of user ann`,
      fact: 'user coupon, as its order says',
    }),
  },
  ...(['userId', 'originalAmount', 'discountAmount', 'finalAmount'] as const).map((field) => ({
    check: 'orders',
    when: `a hot order has another ${field}`,
    spoil: (sale: CleanSale) =>
      sale.spoilRecord('orders', sale.orders.pending.id.slice(11), { [field]: 7 }),
    names: (sale: CleanSale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: `${field === 'userId' ? 'user' : field} in Redis`,
    }),
  })),
  {
    check: 'orders',
    when: 'a hot order was paid with another amount',
    spoil: async (sale) => {
      const { id } = sale.orders.paid
      await sale.keepWhole('orders', id)
      await sale.spoilRecord('orders', id.slice(11), ({ payment }) => ({
        payment: { ...(payment as object), amount: 1 },
      }))
    },
    names: (sale) => ({ row: `order ${sale.orders.paid.id}`, fact: 'paid in Redis' }),
  },
  {
    check: 'orders',
    when: 'a hot order and its hold have another deadline',
    spoil: async (sale) => {
      const operationId = sale.orders.pending.id.slice(11)
      const expiresAt = sale.orders.pending.expiresAt + 60_000
      await sale.spoilRecord('orders', operationId, { expiresAt })
      await sale.redis.zadd(sale.key('holds'), expiresAt, operationId)
    },
    names: (sale) => ({ row: `order ${sale.orders.pending.id}`, fact: 'expiresAt in Redis' }),
  },
  {
    check: 'orders',
    when: 'a hot order has another quantity',
    spoil: (sale) => spoilItem(sale, sale.orders.pending.id, { quantity: 9 }),
    names: (sale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: `line ${sale.orders.pending.id}.1 in Redis`,
    }),
  },
  {
    check: 'orders',
    when: 'a hot order had more paid back of a line',
    spoil: async (sale) => {
      await sale.keepWhole('orders', sale.orders.part.id)
      await spoilItem(sale, sale.orders.part.id, { refundedAmount: 1 })
    },
    names: (sale) => ({
      row: `order ${sale.orders.part.id}`,
      fact: `refunded amount of ${sale.orders.part.id}.1 in Redis`,
    }),
  },
  {
    check: 'stock',
    when: 'a change of the stock is for another order',
    spoil: (sale) =>
      row(
        'product_stock_history',
        `order_id = '${sale.orders.paid.id}', line = 9`,
        ({ orders }) => `order_id = '${orders.paidLater.id}'`,
      )(sale),
    names: (sale) => ({
      row: `line 9 of order ${sale.orders.paid.id}`,
      fact: 'units in the stock history',
    }),
  },
  {
    check: 'stock',
    when: 'what came back of an expired order is in the stock history as cancelled',
    spoil: row(
      'product_stock_history',
      "type = 'CANCEL'",
      ({ orders }) => `order_id = '${orders.expired.id}' and type = 'EXPIRE'`,
    ),
    names: (sale) => ({
      row: `line 1 of order ${sale.orders.expired.id}`,
      fact: 'units in the stock history',
    }),
  },
  {
    check: 'stock',
    when: 'the record of a stock adjustment says another change',
    spoil: (sale) => spoilOperation(sale, 'change'),
    names: () => ({
      row: expect.stringMatching(/^stock adjustment \S{22}$/),
      fact: 'record as in the stock history in Redis',
    }),
  },
  {
    check: 'balances',
    when: 'the record of a charge says another amount',
    spoil: (sale) => spoilOperation(sale, 'beforeAmount'),
    names: () => ({
      row: expect.stringMatching(/^charge \S{33}$/),
      fact: 'before in Redis',
    }),
  },
]

describe('verify follows what rows say of one another', () => {
  expectEachToBeNamed(books, corruptions)
})

/** Changes the first line of a hot order. */
function spoilItem(sale: CleanSale, orderId: string, changes: Partial<OrderRecord['items'][0]>) {
  return sale.spoilRecord('orders', orderId.slice(11), ({ items }) => {
    const [first, ...rest] = items as OrderRecord['items']
    return { items: [{ ...first, ...changes }, ...rest] }
  })
}

/** Adds one to a number of the first record of an operation that has it. */
async function spoilOperation(sale: CleanSale, name: string) {
  const records = await sale.redis.hgetall(sale.key('operations'))
  const [field] = Object.entries(records).find(([, text]) => text.includes(`"${name}":`)) ?? []
  await sale.spoilRecord('operations', field as string, (record) => ({
    [name]: Number(record[name]) + 1,
  }))
}
