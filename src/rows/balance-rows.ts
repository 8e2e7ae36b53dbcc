import type { EventData, OrderRecord } from '../domain/events.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { seeUser } from './row-changes.ts'

export function balanceCharged(
  rows: OutboxRows,
  eventId: string,
  charge: EventData<'balance_charged'>,
): void {
  const { id, fingerprint, userId, amount, beforeAmount, afterAmount, at } = charge
  seeUser(rows, userId, at)
  rows.balanceHistory.push({
    event_id: eventId,
    line: 1,
    id,
    user_id: userId,
    type: 'CHARGE',
    amount,
    before_amount: beforeAmount,
    after_amount: afterAmount,
    at,
    fingerprint,
  })
  setBalance(rows, charge)
}

/** What an order's decision took from its user's balance or gave back to it; where that was 0 there is no change. */
export function changeBalance(
  rows: OutboxRows,
  eventId: string,
  order: OrderRecord,
  type: 'DEDUCT' | 'REFUND',
  at: number,
): void {
  const { userId, balanceChange } = order
  if (!balanceChange) return
  const { id, amount, beforeAmount, afterAmount } = balanceChange
  rows.balanceHistory.push({
    event_id: eventId,
    line: 1,
    id,
    user_id: userId,
    type,
    amount,
    before_amount: beforeAmount,
    after_amount: afterAmount,
    order_id: order.id,
    user_coupon_id: order.userCouponId,
    at,
  })
  setBalance(rows, { userId, beforeAmount, afterAmount, at })
}

function setBalance(
  rows: OutboxRows,
  change: { userId: string; beforeAmount: number; afterAmount: number; at: number },
): void {
  const { userId, beforeAmount, afterAmount, at } = change
  if (beforeAmount === 0) rows.firstBalances.add(userId)
  rows.balances.set(userId, { user_id: userId, amount: afterAmount, updated_at: at })
}
