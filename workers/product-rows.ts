import type { EventData } from '../src/domain/events.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { changeCoupon, changeOption, seeUser } from './row-changes.ts'

export function productCreated(
  rows: OutboxRows,
  eventId: string,
  product: EventData<'product_created'>,
): void {
  const at = product.createdAt
  rows.products.push({
    id: product.id,
    name: product.name,
    brand: product.brand,
    description: product.description,
    status: product.status,
    created_at: at,
    updated_at: at,
  })
  for (const [index, option] of product.options.entries()) {
    rows.productOptions.push({
      id: option.id,
      product_id: product.id,
      option_value: option.optionValue,
      price: option.price,
      per_user_limit: option.perUserLimit,
      sale_starts_at: option.saleStartsAt,
      sale_ends_at: option.saleEndsAt,
      hold_ms: option.holdMs,
      stock: option.stock,
      held: 0,
      sold: 0,
      created_at: at,
      updated_at: at,
    })
    rows.stockHistory.push({
      event_id: eventId,
      line: index + 1,
      option_id: option.id,
      type: 'INITIAL',
      change: option.stock,
      at,
    })
  }
}

export function stockAdjusted(
  rows: OutboxRows,
  eventId: string,
  adjustment: EventData<'stock_adjusted'>,
): void {
  const { optionId, change, reason, at } = adjustment
  changeOption(rows, optionId, at, { stock: change })
  rows.stockHistory.push({
    event_id: eventId,
    line: 1,
    option_id: optionId,
    type: 'ADJUST',
    change,
    reason,
    at,
  })
}

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
  })
}

export function couponClaimed(
  rows: OutboxRows,
  eventId: string,
  claim: EventData<'coupon_claimed'>,
): void {
  const { userCouponId, couponId, userId, rank, issuedAt, expiresAt } = claim
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
}

export function balanceCharged(
  rows: OutboxRows,
  eventId: string,
  charge: EventData<'balance_charged'>,
): void {
  const { id, userId, amount, beforeAmount, afterAmount, at } = charge
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
  })
  rows.balances.set(userId, { user_id: userId, amount: afterAmount, updated_at: at })
}
