import { defineEntity, p } from '@mikro-orm/core'
import { amount, eventId, id, time } from './columns.ts'

/** One repayment of an order, or of a part of it. */
export const Refund = defineEntity({
  name: 'Refund',
  tableName: 'refunds',
  properties: {
    shop: id().primary(),
    id: id().primary(),
    eventId: eventId(),
    orderId: id(),
    userId: id(),
    amount: amount(),
    /** Whether the units went back on sale. */
    restock: p.boolean(),
    at: time(),
    /** Hash of the request body. */
    fingerprint: p.text().nullable(),
  },
})

/** What a refund took back of one line of its order. */
export const RefundItem = defineEntity({
  name: 'RefundItem',
  tableName: 'refund_items',
  properties: {
    shop: id().primary(),
    refundId: id().primary(),
    line: p.smallint().primary(),
    orderItemId: id(),
    quantity: p.integer(),
    amount: amount(),
  },
})
