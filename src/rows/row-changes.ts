import type { OutboxRows, UserCouponState } from './outbox-rows.ts'

/** The user exists from the first event that names him. */
export function seeUser(rows: OutboxRows, userId: string, at: number): void {
  if (!rows.users.has(userId)) {
    rows.users.set(userId, { id: userId, created_at: at, updated_at: at })
  }
}

/** Adds to the sums of an option. */
export function changeOption(
  rows: OutboxRows,
  optionId: string,
  at: number,
  change: { stock?: number; held?: number; sold?: number },
): void {
  const { stock = 0, held = 0, sold = 0 } = change
  const sums = rows.optionChanges.get(optionId)
  if (!sums) {
    rows.optionChanges.set(optionId, { id: optionId, stock, held, sold, at })
    return
  }
  sums.stock += stock
  sums.held += held
  sums.sold += sold
  sums.at = at
}

/** Adds to the sums of a coupon. */
export function changeCoupon(
  rows: OutboxRows,
  couponId: string,
  at: number,
  change: { issued?: number; used?: number },
): void {
  const { issued = 0, used = 0 } = change
  const sums = rows.couponChanges.get(couponId)
  if (!sums) {
    rows.couponChanges.set(couponId, { id: couponId, issued, used, at })
    return
  }
  sums.issued += issued
  sums.used += used
  sums.at = at
}

/** Changes the row of this batch, or that of an earlier one. What the state leaves out becomes null. */
export function changeUserCoupon(
  rows: OutboxRows,
  eventId: string,
  id: string,
  state: Omit<UserCouponState, 'id' | 'event_id'>,
): void {
  const whole = { order_id: null, payment_id: null, used_at: null, ...state, event_id: eventId }
  const issued = rows.issued.get(id)
  if (issued) Object.assign(issued, whole)
  else rows.userCouponChanges.set(id, { id, ...whole })
}

/** The coupon that a user coupon is of. */
export function couponOf(userCouponId: string): string {
  return userCouponId.slice(0, userCouponId.lastIndexOf('.'))
}
