import type { OrderRecord } from '../domain/events.ts'
import { changeBalance } from './balance-rows.ts'
import { cartOrdered } from './cart-rows.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { changeCoupon, changeOption, changeUserCoupon, couponOf, seeUser } from './row-changes.ts'

export function orderPlaced(rows: OutboxRows, eventId: string, order: OrderRecord): void {
  const at = order.orderedAt
  seeUser(rows, order.userId, at)
  addOrder(rows, eventId, order)
  if (order.fromCart) cartOrdered(rows, order)
  for (const [index, item] of order.items.entries()) {
    rows.stockHistory.push(stockChange(eventId, order, index, 'ORDER', -item.quantity, at))
    changeOption(
      rows,
      item.optionId,
      at,
      order.status === 'PENDING'
        ? { stock: -item.quantity, held: item.quantity }
        : { stock: -item.quantity, sold: item.quantity },
    )
  }
  moveUserCoupon(rows, eventId, order, at)
  takePayment(rows, eventId, order)
}

export function orderPaid(rows: OutboxRows, eventId: string, order: OrderRecord): void {
  const at = order.payment?.paidAt ?? order.orderedAt
  changeOrder(rows, eventId, order, at)
  for (const { optionId, quantity } of order.items) {
    changeOption(rows, optionId, at, { held: -quantity, sold: quantity })
  }
  moveUserCoupon(rows, eventId, order, at)
  takePayment(rows, eventId, order)
}

export function orderCancelled(rows: OutboxRows, eventId: string, order: OrderRecord): void {
  giveBack(rows, eventId, order, 'CANCEL')
}

export function orderExpired(rows: OutboxRows, eventId: string, order: OrderRecord): void {
  giveBack(rows, eventId, order, 'EXPIRE')
}

function giveBack(
  rows: OutboxRows,
  eventId: string,
  order: OrderRecord,
  type: 'CANCEL' | 'EXPIRE',
): void {
  const at = order.cancelledAt ?? order.expiresAt
  changeOrder(rows, eventId, order, at)
  for (const [index, item] of order.items.entries()) {
    rows.stockHistory.push(stockChange(eventId, order, index, type, item.quantity, at))
    changeOption(rows, item.optionId, at, { held: -item.quantity, stock: item.quantity })
  }
  moveUserCoupon(rows, eventId, order, at)
}

function addOrder(rows: OutboxRows, eventId: string, order: OrderRecord): void {
  const row = {
    id: order.id,
    user_id: order.userId,
    status: order.status,
    original_amount: order.originalAmount,
    discount_amount: order.discountAmount,
    final_amount: order.finalAmount,
    user_coupon_id: order.userCouponId,
    fingerprint: order.fingerprint,
    paid_at_once: order.paidAtOnce,
    ordered_at: order.orderedAt,
    expires_at: order.expiresAt,
    cancelled_at: order.cancelledAt,
    updated_at: order.orderedAt,
    refunded_amount: 0,
    from_cart: order.fromCart ?? false,
    user_coupon_status: order.userCouponStatus,
    event_id: eventId,
  }
  rows.orders.push(row)
  rows.placed.set(order.id, row)
  for (const [index, item] of order.items.entries()) {
    rows.orderItems.push({
      order_id: order.id,
      line: index + 1,
      id: item.id,
      option_id: item.optionId,
      product_id: item.productId,
      product_name: item.productName,
      option_value: item.optionValue,
      unit_price: item.unitPrice,
      quantity: item.quantity,
      subtotal: item.subtotal,
      discount_amount: item.discountAmount,
      product_revision: item.productRevision,
    })
  }
}

/** Changes the row of this batch, or that of an earlier one. */
export function changeOrder(
  rows: OutboxRows,
  eventId: string,
  order: OrderRecord,
  at: number,
): void {
  const state = {
    status: order.status,
    cancelled_at: order.cancelledAt,
    updated_at: at,
    refunded_amount: order.refundedAmount ?? 0,
    user_coupon_status: order.userCouponStatus ?? null,
    event_id: eventId,
  }
  const placed = rows.placed.get(order.id)
  if (placed) Object.assign(placed, state)
  else rows.orderChanges.set(order.id, { id: order.id, ...state })
}

/** The change of the units of one line; `index` is its place in the order, from 0. */
export function stockChange(
  eventId: string,
  order: OrderRecord,
  index: number,
  type: 'ORDER' | 'CANCEL' | 'EXPIRE' | 'REFUND',
  change: number,
  at: number,
) {
  return {
    event_id: eventId,
    line: index + 1,
    option_id: order.items[index]?.optionId,
    type,
    change,
    order_id: order.id,
    at,
  }
}

function takePayment(rows: OutboxRows, eventId: string, order: OrderRecord): void {
  const { payment } = order
  if (!payment) return
  rows.payments.push({
    id: payment.id,
    order_id: order.id,
    user_id: order.userId,
    amount: payment.amount,
    discount_amount: order.discountAmount,
    status: payment.status,
    paid_at: payment.paidAt,
  })
  changeBalance(rows, eventId, order, 'DEDUCT', payment.paidAt)
}

const couponActions = {
  HELD: 'HELD',
  USED: 'USED',
  AVAILABLE: 'RESTORED',
  EXPIRED: 'EXPIRED',
} as const

/** What the decision did to the order's user coupon, if anything. */
export function moveUserCoupon(
  rows: OutboxRows,
  eventId: string,
  order: OrderRecord,
  at: number,
): void {
  const { userCouponId, userCouponStatus: status } = order
  if (!userCouponId || !status) return
  const couponId = couponOf(userCouponId)
  const isTaken = status === 'HELD' || status === 'USED'
  changeUserCoupon(rows, eventId, userCouponId, {
    status,
    order_id: isTaken ? order.id : null,
    payment_id: status === 'USED' ? order.payment?.id : null,
    used_at: status === 'USED' ? at : null,
  })
  rows.couponHistory.push({
    event_id: eventId,
    line: 1,
    user_coupon_id: userCouponId,
    coupon_id: couponId,
    user_id: order.userId,
    action: couponActions[status],
    order_id: order.id,
    applied_discount: isTaken ? order.discountAmount : null,
    at,
  })
  if (status === 'USED') changeCoupon(rows, couponId, at, { used: 1 })
}
