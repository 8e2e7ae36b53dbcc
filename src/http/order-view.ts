import { z } from '@hono/zod-openapi'
import type { OrderRecord } from '../domain/events.ts'
import { sample } from './examples.ts'
import { isoOf, isoTime } from './fields.ts'

/** The statuses of an order. */
export const orderStatus = z.enum(['PENDING', 'COMPLETED', 'CANCELLED', 'EXPIRED', 'REFUNDED'])

const itemSchema = z.object({
  id: z.string(),
  optionId: z.string(),
  productId: z.string(),
  productName: z.string(),
  optionValue: z.string().nullable(),
  unitPrice: z.int(),
  quantity: z.int(),
  subtotal: z.int(),
  discountAmount: z.int(),
  refundedQuantity: z.int(),
  refundedAmount: z.int(),
})

/** The shape of an order in an answer. */
export const orderSchema = z
  .object({
    id: z.string(),
    userId: z.string(),
    status: orderStatus,
    items: z.array(itemSchema),
    originalAmount: z.int(),
    discountAmount: z.int(),
    finalAmount: z.int(),
    refundedAmount: z.int(),
    userCouponId: z.string().nullable(),
    payment: z
      .object({
        id: z.string(),
        amount: z.int(),
        status: z.enum(['PAID', 'PARTIALLY_REFUNDED', 'REFUNDED']),
        paidAt: isoTime,
      })
      .nullable(),
    orderedAt: isoTime,
    expiresAt: isoTime.openapi({ description: 'When a pending order gives back what it holds.' }),
    cancelledAt: isoTime.nullable().openapi({ description: 'When it was cancelled or expired.' }),
  })
  .openapi('Order')

const trainersItem: z.infer<typeof itemSchema> = {
  id: sample.orderItemId,
  optionId: sample.optionId,
  productId: sample.productId,
  productName: 'Trainers',
  optionValue: 'EU 42',
  unitPrice: sample.price,
  quantity: 1,
  subtotal: sample.price,
  discountAmount: sample.discount,
  refundedQuantity: 0,
  refundedAmount: 0,
}

/** An order that holds its unit, its coupon and its price until it is paid, or its deadline passes. */
export const pendingOrder: z.infer<typeof orderSchema> = {
  id: sample.orderId,
  userId: sample.userId,
  status: 'PENDING',
  items: [trainersItem],
  originalAmount: sample.price,
  discountAmount: sample.discount,
  finalAmount: sample.paid,
  refundedAmount: 0,
  userCouponId: sample.userCouponId,
  payment: null,
  orderedAt: sample.orderedAt,
  expiresAt: sample.expiresAt,
  cancelledAt: null,
}

const payment = {
  id: sample.paymentId,
  amount: sample.paid,
  status: 'PAID',
  paidAt: sample.paidAt,
} as const

/** The same order in the states that it may come to. */
export const paidOrder: typeof pendingOrder = { ...pendingOrder, status: 'COMPLETED', payment }
export const refundedOrder: typeof pendingOrder = {
  ...pendingOrder,
  status: 'REFUNDED',
  items: [{ ...trainersItem, refundedQuantity: 1, refundedAmount: sample.paid }],
  refundedAmount: sample.paid,
  payment: { ...payment, status: 'REFUNDED' },
}
export const cancelledOrder: typeof pendingOrder = {
  ...pendingOrder,
  status: 'CANCELLED',
  cancelledAt: sample.paidAt,
}

/** The shape of an item with what its product said of itself when it was sold. */
export const describedItemSchema = z
  .object({ ...itemSchema.shape, description: z.string().nullable() })
  .openapi('DescribedOrderItem')

/** An item as it was sold, before somebody wrote a better text. */
export const describedItem: z.infer<typeof describedItemSchema> = {
  ...trainersItem,
  description: 'Light shoes for the road.',
}

/** An order as its users see it: without what only the engine needs. */
export function orderView(order: OrderRecord): z.infer<typeof orderSchema> {
  const { payment } = order
  return {
    id: order.id,
    userId: order.userId,
    status: order.status,
    items: order.items.map(itemView),
    originalAmount: order.originalAmount,
    discountAmount: order.discountAmount,
    finalAmount: order.finalAmount,
    refundedAmount: order.refundedAmount ?? 0,
    userCouponId: order.userCouponId ?? null,
    payment: payment
      ? {
          id: payment.id,
          amount: payment.amount,
          status: payment.status,
          paidAt: isoOf(payment.paidAt),
        }
      : null,
    orderedAt: isoOf(order.orderedAt),
    expiresAt: isoOf(order.expiresAt),
    cancelledAt: isoOf(order.cancelledAt),
  }
}

/** The items of an order with their descriptions, which are in the order of the items. */
export function describedItemsView(
  order: OrderRecord,
  descriptions: readonly (string | null)[],
): z.infer<typeof describedItemSchema>[] {
  return order.items.map((item, index) => ({
    ...itemView(item),
    description: descriptions[index] ?? null,
  }))
}

function itemView(item: OrderRecord['items'][number]): z.infer<typeof itemSchema> {
  return {
    id: item.id,
    optionId: item.optionId,
    productId: item.productId,
    productName: item.productName,
    optionValue: item.optionValue ?? null,
    unitPrice: item.unitPrice,
    quantity: item.quantity,
    subtotal: item.subtotal,
    discountAmount: item.discountAmount,
    refundedQuantity: item.refundedQuantity ?? 0,
    refundedAmount: item.refundedAmount ?? 0,
  }
}
