import { z } from '@hono/zod-openapi'
import type { CouponRecord } from '../domain/events.ts'
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
