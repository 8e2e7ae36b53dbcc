import type { EventData } from '../domain/events.ts'
import { changeBalance } from './balance-rows.ts'
import { changeOrder, moveUserCoupon, stockChange } from './order-rows.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { changeCoupon, changeOption, couponOf } from './row-changes.ts'

export function orderRefunded(
  rows: OutboxRows,
  eventId: string,
  order: EventData<'order_refunded'>,
): void {
  const { refund, payment } = order
  const { at } = refund
  changeOrder(rows, eventId, order, at)
  if (payment) rows.paymentChanges.set(order.id, { order_id: order.id, status: payment.status })
  rows.refunds.push({
    id: refund.id,
    event_id: eventId,
    order_id: order.id,
    user_id: order.userId,
    amount: refund.amount,
    restock: refund.restock,
    at,
    fingerprint: refund.fingerprint,
  })
  const partOf = new Map(refund.items.map((part) => [part.orderItemId, part]))
  for (const [index, item] of order.items.entries()) {
    const part = partOf.get(item.id)
    if (!part) continue
    rows.refundItems.push({
      refund_id: refund.id,
      line: index + 1,
      order_item_id: item.id,
      quantity: part.quantity,
      amount: part.amount,
    })
    rows.itemRefunds.set(item.id, {
      order_id: order.id,
      line: index + 1,
      refunded_quantity: item.refundedQuantity,
      restocked_quantity: item.restockedQuantity,
      refunded_amount: item.refundedAmount,
    })
    if (!refund.restock) continue
    rows.stockHistory.push(stockChange(eventId, order, index, 'REFUND', part.quantity, at))
    changeOption(rows, item.optionId, at, { stock: part.quantity, sold: -part.quantity })
  }
  changeBalance(rows, eventId, order, 'REFUND', at)
  moveUserCoupon(rows, eventId, order, at)
  // It comes back from an order that had used it.
  if (order.userCouponId && order.userCouponStatus) {
    changeCoupon(rows, couponOf(order.userCouponId), at, { used: -1 })
  }
}
