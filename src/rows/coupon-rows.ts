import type { EventData } from '../domain/events.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { changeCoupon, changeUserCoupon, seeUser } from './row-changes.ts'

export function couponCreated(rows: OutboxRows, coupon: EventData<'coupon_created'>): void {
  rows.coupons.push({
    id: coupon.id,
    name: coupon.name,
    code: coupon.code,
    discount_type: coupon.discountType,
    discount_value: coupon.discountValue,
    max_discount_amount: coupon.maxDiscountAmount,
    min_order_amount: coupon.minOrderAmount,
    total_quantity: coupon.totalQuantity,
    issued_quantity: 0,
    used_quantity: 0,
    per_user_limit: coupon.perUserLimit,
    valid_from: coupon.validFrom,
    valid_until: coupon.validUntil,
    user_coupon_ttl_seconds: coupon.userCouponTtlSeconds,
    restore_on_cancel: coupon.restoreOnCancel,
    status: coupon.status,
    created_at: coupon.createdAt,
    updated_at: coupon.createdAt,
    code_required: coupon.codeRequired,
  })
}

export function couponUpdated(
  rows: OutboxRows,
  eventId: string,
  coupon: EventData<'coupon_updated'>,
): void {
  rows.couponFacts.set(coupon.id, {
    id: coupon.id,
    status: coupon.status,
    total_quantity: coupon.totalQuantity,
    valid_until: coupon.validUntil,
    updated_at: coupon.updatedAt,
    facts_event_id: eventId,
  })
}

export function codesAdded(rows: OutboxRows, codes: EventData<'codes_added'>): void {
  const { couponId, digests, at } = codes
  for (const digest of digests) rows.codes.push({ digest, coupon_id: couponId, created_at: at })
}

export function couponClaimed(
  rows: OutboxRows,
  eventId: string,
  claim: EventData<'coupon_claimed'>,
): void {
  const { userCouponId, couponId, userId, rank, issuedAt, expiresAt, codeDigest } = claim
  const userCoupon = {
    id: userCouponId,
    coupon_id: couponId,
    user_id: userId,
    rank,
    status: 'AVAILABLE',
    issued_at: issuedAt,
    expires_at: expiresAt,
    used_at: null,
    order_id: null,
    payment_id: null,
    event_id: null,
  }
  seeUser(rows, userId, issuedAt)
  rows.userCoupons.push(userCoupon)
  rows.issued.set(userCouponId, userCoupon)
  rows.couponHistory.push({
    event_id: eventId,
    line: 1,
    user_coupon_id: userCouponId,
    coupon_id: couponId,
    user_id: userId,
    action: 'ISSUED',
    at: issuedAt,
  })
  changeCoupon(rows, couponId, issuedAt, { issued: 1 })
  if (codeDigest === undefined) return
  rows.codeClaims.set(codeDigest, {
    digest: codeDigest,
    user_coupon_id: userCouponId,
    claimed_at: issuedAt,
  })
}

export function couponExpired(
  rows: OutboxRows,
  eventId: string,
  expiry: EventData<'coupon_expired'>,
): void {
  const { userCouponId, couponId, userId, at } = expiry
  changeUserCoupon(rows, eventId, userCouponId, { status: 'EXPIRED' })
  rows.couponHistory.push({
    event_id: eventId,
    line: 1,
    user_coupon_id: userCouponId,
    coupon_id: couponId,
    user_id: userId,
    action: 'EXPIRED',
    at,
  })
}
