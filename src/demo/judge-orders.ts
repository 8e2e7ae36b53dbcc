import { quote } from '../domain/quote.ts'
import type { OrderAnswer, OrderItemAnswer } from './answers.ts'
import { isPaid, refundedAmount, type SoldOrder } from './books.ts'
import { type Evidence, unequal } from './evidence.ts'

/** Every order as it is now against its first answer, and both against what the demo computes by itself. */
export function judgeOrders(evidence: Evidence): string[] {
  return [...evidence.books.orders.values()].flatMap((order) => {
    const now = evidence.audit.orders.get(order.id)
    if (!now) return [`order ${order.id} is gone`]
    return [...judgeOrder(evidence, order, now), ...judgeUnitPrices(evidence, order)].map(
      (text) => `order ${order.id}: ${text}`,
    )
  })
}

function judgeOrder({ plan, optionIds }: Evidence, order: SoldOrder, now: OrderAnswer): string[] {
  const { placed } = order
  const coupon = order.coupon === null ? null : (plan.coupons[order.coupon] ?? null)
  const price = quote(placed.items, coupon)
  const shares = placed.items.reduce((sum, item) => sum + item.discountAmount, 0)
  const wanted = order.lines.map(({ option, quantity }) => ({
    optionId: optionIds[option] ?? '',
    quantity,
  }))
  const payment = isPaid(order) ? { amount: price.finalAmount, status: paymentStatus(order) } : null
  return unequal({
    status: [now.status, order.status],
    buyer: [now.userId, order.userId],
    items: [itemsAsSold(now.items), itemsAsSold(placed.items)],
    units: [unitsOf(placed.items), unitsOf(wanted)],
    'original amount': [now.originalAmount, price.originalAmount],
    discount: [now.discountAmount, price.discountAmount],
    'shares of the discount': [shares, price.discountAmount],
    'final amount': [now.finalAmount, price.finalAmount],
    'first answer': [placed.finalAmount, price.finalAmount],
    'amount that the buyer insisted on': [
      placed.finalAmount,
      order.statedAmount ?? placed.finalAmount,
    ],
    payment: [now.payment?.amount, payment?.amount],
    'status of the payment': [now.payment?.status, payment?.status],
    'amount paid back': [
      now.items.reduce((sum, item) => sum + item.refundedAmount, 0),
      refundedAmount(order),
    ],
  })
}

function paymentStatus({ status, refunds }: SoldOrder): string {
  if (status === 'REFUNDED') return 'REFUNDED'
  return refunds.length > 0 ? 'PARTIALLY_REFUNDED' : 'PAID'
}

/** An order has the price that was set when it was decided: either one where that changed at that very time. */
function judgeUnitPrices({ plan, books, optionIds }: Evidence, order: SoldOrder): string[] {
  return order.placed.items.flatMap(({ optionId, unitPrice }) => {
    const option = optionIds.indexOf(optionId)
    const { price } = plan.options[option] ?? {}
    const change = books.repriced.get(option)
    const isFromBefore = change === undefined || order.span.sentAt <= change.answeredAt
    const isFromAfter = change !== undefined && order.span.answeredAt >= change.sentAt
    if (unitPrice === price && isFromBefore) return []
    if (unitPrice === change?.price && isFromAfter) return []
    return [`unit price of option ${option}: ${unitPrice}, which it did not have then`]
  })
}

/** What an order says of its items for ever, as one text. */
function itemsAsSold(items: OrderItemAnswer[]): string {
  return JSON.stringify(
    items.map((item) => [
      item.id,
      item.optionId,
      item.productId,
      item.productName,
      item.optionValue,
      item.unitPrice,
      item.quantity,
      item.subtotal,
      item.discountAmount,
    ]),
  )
}

/** Units per option as one text: lines of the same option are summed, in whatever order they come. */
function unitsOf(items: { optionId: string; quantity: number }[]): string {
  const units = new Map<string, number>()
  for (const { optionId, quantity } of items) {
    units.set(optionId, (units.get(optionId) ?? 0) + quantity)
  }
  return JSON.stringify([...units].sort())
}
