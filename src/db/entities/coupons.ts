import { defineEntity, p } from '@mikro-orm/core'
import { amount, eventId, id, time } from './columns.ts'

export const Coupon = defineEntity({
  name: 'Coupon',
  tableName: 'coupons',
  properties: {
    shop: id().primary(),
    id: id().primary(),
    name: p.text(),
    code: p.text().nullable(),
    discountType: p.text().$type<'FIXED' | 'PERCENTAGE'>(),
    /** Minor units of FIXED, basis points of PERCENTAGE. */
    discountValue: amount(),
    maxDiscountAmount: amount().nullable(),
    minOrderAmount: amount(),
    totalQuantity: p.integer(),
    issuedQuantity: p.integer(),
    usedQuantity: p.integer(),
    perUserLimit: p.integer(),
    validFrom: time().nullable(),
    validUntil: time().nullable(),
    userCouponTtlSeconds: p.integer().nullable(),
    restoreOnCancel: p.boolean(),
    status: p.text().$type<'ACTIVE' | 'PAUSED' | 'ENDED'>(),
    createdAt: time(),
    updatedAt: time(),
    /** Whether it is claimed by a code only. */
    codeRequired: p.boolean(),
    /** Of the last change of what was said of it, its counts apart; null where nothing has changed that. */
    factsEventId: eventId().nullable(),
  },
})

/** A single-use code, of which only a hash is kept (see `codeDigest`), and the claim that took it. */
export const CouponCode = defineEntity({
  name: 'CouponCode',
  tableName: 'coupon_codes',
  properties: {
    shop: id().primary(),
    digest: id().primary(),
    couponId: id(),
    userCouponId: id().nullable(),
    createdAt: time(),
    claimedAt: time().nullable(),
  },
})

/** A coupon in a user's hand; `rank` is the place of the claim, from 1. */
export const UserCoupon = defineEntity({
  name: 'UserCoupon',
  tableName: 'user_coupons',
  properties: {
    shop: id().primary(),
    id: id().primary(),
    couponId: id(),
    userId: id(),
    rank: p.integer(),
    status: p.text().$type<'AVAILABLE' | 'HELD' | 'USED' | 'EXPIRED'>(),
    issuedAt: time(),
    expiresAt: time().nullable(),
    usedAt: time().nullable(),
    orderId: id().nullable(),
    paymentId: id().nullable(),
    /** Of the last change of it; null where nothing has changed since the claim, or an earlier version did that. */
    eventId: eventId().nullable(),
  },
})

export const CouponHistory = defineEntity({
  name: 'CouponHistory',
  tableName: 'coupon_history',
  properties: {
    shop: id().primary(),
    eventId: eventId().primary(),
    line: p.smallint().primary(),
    userCouponId: id(),
    couponId: id(),
    userId: id(),
    action: p.text().$type<'ISSUED' | 'HELD' | 'USED' | 'RESTORED' | 'EXPIRED'>(),
    orderId: id().nullable(),
    appliedDiscount: amount().nullable(),
    at: time(),
  },
})
