import { defineEntity, p } from '@mikro-orm/core'
import { amount, eventId, id, time } from './columns.ts'

export const Order = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    shop: id().primary(),
    id: id().primary(),
    userId: id(),
    status: p.text().$type<'PENDING' | 'COMPLETED' | 'CANCELLED' | 'EXPIRED' | 'REFUNDED'>(),
    originalAmount: amount(),
    discountAmount: amount(),
    finalAmount: amount(),
    userCouponId: id().nullable(),
    fingerprint: p.text(),
    paidAtOnce: p.boolean(),
    orderedAt: time(),
    expiresAt: time(),
    cancelledAt: time().nullable(),
    updatedAt: time(),
    /** The sum of its refunds. */
    refundedAmount: amount(),
    /** Whether its lines were the user's cart. */
    fromCart: p.boolean(),
    /** What became of its user coupon in its last decision. */
    userCouponStatus: p.text().$type<'HELD' | 'USED' | 'AVAILABLE' | 'EXPIRED'>().nullable(),
    /** Of its last event; null where that one was persisted by an earlier version. */
    eventId: eventId().nullable(),
  },
})

/** One line of an order, with the product as it was when it was sold. */
export const OrderItem = defineEntity({
  name: 'OrderItem',
  tableName: 'order_items',
  properties: {
    shop: id().primary(),
    orderId: id().primary(),
    line: p.smallint().primary(),
    id: id(),
    optionId: id(),
    productId: id(),
    productName: p.text(),
    optionValue: p.text().nullable(),
    unitPrice: amount(),
    quantity: p.integer(),
    subtotal: amount(),
    discountAmount: amount(),
    /** With `productId` the key of the texts that were sold. */
    productRevision: p.integer(),
    refundedQuantity: p.integer(),
    restockedQuantity: p.integer(),
    refundedAmount: amount(),
  },
})

export const Payment = defineEntity({
  name: 'Payment',
  tableName: 'payments',
  properties: {
    shop: id().primary(),
    id: id(),
    orderId: id().primary(),
    userId: id(),
    amount: amount(),
    discountAmount: amount(),
    status: p.text().$type<'PAID' | 'REFUNDED' | 'PARTIALLY_REFUNDED'>(),
    paidAt: time(),
  },
})
