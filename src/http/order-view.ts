import { z } from '@hono/zod-openapi'
import type { OrderRecord } from '../domain/events.ts'
import { isoOf, isoTime } from './fields.ts'

const orderStatus = z.enum(['PENDING', 'COMPLETED', 'CANCELLED', 'EXPIRED'])

/** The statuses that a list can be asked for: also the one of a whole refund, which no order has yet. */
export const orderStatusQuery = z.enum([...orderStatus.options, 'REFUNDED'])

/** The shape of an order in an answer. */
export const orderSchema = z
  .object({
    id: z.string(),
    userId: z.string(),
    status: orderStatus,
    items: z.array(
      z.object({
        id: z.string(),
        optionId: z.string(),
        productId: z.string(),
        productName: z.string(),
        optionValue: z.string().nullable(),
        unitPrice: z.int(),
        quantity: z.int(),
        subtotal: z.int(),
        discountAmount: z.int(),
      }),
    ),
    originalAmount: z.int(),
    discountAmount: z.int(),
    finalAmount: z.int(),
    userCouponId: z.string().nullable(),
    payment: z
      .object({ id: z.string(), amount: z.int(), status: z.literal('PAID'), paidAt: isoTime })
      .nullable(),
    orderedAt: isoTime,
    expiresAt: isoTime.openapi({ description: 'When a pending order gives back what it holds.' }),
    cancelledAt: isoTime.nullable().openapi({ description: 'When it was cancelled or expired.' }),
  })
  .openapi('Order')

/** An order as its users see it: without what only the engine needs. */
export function orderView(order: OrderRecord): z.infer<typeof orderSchema> {
  const { payment } = order
  return {
    id: order.id,
    userId: order.userId,
    status: order.status,
    items: order.items.map((item) => ({
      id: item.id,
      optionId: item.optionId,
      productId: item.productId,
      productName: item.productName,
      optionValue: item.optionValue ?? null,
      unitPrice: item.unitPrice,
      quantity: item.quantity,
      subtotal: item.subtotal,
      discountAmount: item.discountAmount,
    })),
    originalAmount: order.originalAmount,
    discountAmount: order.discountAmount,
    finalAmount: order.finalAmount,
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
