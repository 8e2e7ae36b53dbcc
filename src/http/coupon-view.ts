import { z } from '@hono/zod-openapi'
import type { CouponRecord } from '../domain/events.ts'
import { sample } from './examples.ts'
import { isoOf, isoTime } from './fields.ts'

export const discountType = z.enum(['FIXED', 'PERCENTAGE'])

/** The statuses of a coupon. */
export const couponStatus = z.enum(['ACTIVE', 'PAUSED', 'ENDED'])

/** The shape of a coupon in an answer. */
export const couponSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    code: z
      .string()
      .nullable()
      .optional()
      .openapi({ description: 'Shown to admins only: who knows it can claim.' }),
    discountType,
    discountValue: z.int(),
    maxDiscountAmount: z.int().nullable(),
    minOrderAmount: z.int(),
    totalQuantity: z.int(),
    issuedQuantity: z.int(),
    usedQuantity: z.int(),
    remainingQuantity: z.int(),
    perUserLimit: z.int(),
    validFrom: isoTime.nullable(),
    validUntil: isoTime.nullable(),
    userCouponTtlSeconds: z.int().nullable(),
    restoreOnCancel: z.boolean(),
    codeRequired: z.boolean().openapi({ description: 'Claimed by a code only, not by its id.' }),
    status: couponStatus,
    createdAt: isoTime,
  })
  .openapi('Coupon')

/** A tenth off for everybody who is fast enough, some way into its sale, as everybody sees it. */
export const tenthOff: z.infer<typeof couponSchema> = {
  id: sample.couponId,
  name: 'A tenth off',
  discountType: 'PERCENTAGE',
  discountValue: 1_000,
  maxDiscountAmount: 2_000,
  minOrderAmount: 5_000,
  totalQuantity: 1_000,
  issuedQuantity: 412,
  usedQuantity: 96,
  remainingQuantity: 588,
  perUserLimit: 1,
  validFrom: sample.startsAt,
  validUntil: sample.endsAt,
  userCouponTtlSeconds: null,
  restoreOnCancel: true,
  codeRequired: false,
  status: 'ACTIVE',
  createdAt: sample.createdAt,
}

/** A fixed amount off for who has a code, which only an admin may see, before its sale. */
export const fixedOff: typeof tenthOff = {
  ...tenthOff,
  id: 'k1f8j3w6e9ma',
  name: 'Ten off for members',
  code: 'MEMBERS',
  discountType: 'FIXED',
  maxDiscountAmount: null,
  minOrderAmount: 0,
  issuedQuantity: 0,
  usedQuantity: 0,
  remainingQuantity: 1_000,
  validFrom: null,
  validUntil: null,
  codeRequired: true,
}

type Coupon = CouponRecord & { issuedQuantity: number; usedQuantity: number }

/** A coupon as everybody sees it. */
export function couponView(coupon: Coupon): z.infer<typeof couponSchema> {
  return {
    id: coupon.id,
    name: coupon.name,
    discountType: coupon.discountType,
    discountValue: coupon.discountValue,
    maxDiscountAmount: coupon.maxDiscountAmount ?? null,
    minOrderAmount: coupon.minOrderAmount,
    totalQuantity: coupon.totalQuantity,
    issuedQuantity: coupon.issuedQuantity,
    usedQuantity: coupon.usedQuantity,
    remainingQuantity: coupon.totalQuantity - coupon.issuedQuantity,
    perUserLimit: coupon.perUserLimit,
    validFrom: isoOf(coupon.validFrom),
    validUntil: isoOf(coupon.validUntil),
    userCouponTtlSeconds: coupon.userCouponTtlSeconds ?? null,
    restoreOnCancel: coupon.restoreOnCancel,
    // Coupons of the time before there were single-use codes do not say.
    codeRequired: coupon.codeRequired ?? false,
    status: coupon.status,
    createdAt: isoOf(coupon.createdAt),
  }
}

/** A coupon as admins see it. */
export function adminCouponView(coupon: Coupon): z.infer<typeof couponSchema> {
  return { ...couponView(coupon), code: coupon.code ?? null }
}
