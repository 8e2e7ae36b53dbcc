/** A coupon as it is created. Amounts are in minor units, percentages in basis points. */
export type CouponPlan = {
  name: string
  discountType: 'FIXED' | 'PERCENTAGE'
  discountValue: number
  maxDiscountAmount?: number
  minOrderAmount: number
  totalQuantity: number
  restoreOnCancel: boolean
  /** True where every user coupon takes a code of its own, of which there are as many. */
  codeRequired: boolean
  userCouponTtlSeconds?: number
}

/** Positions of the coupons in the plan. */
export const couponAt = { percentage: 0, fixed: 1, singleUse: 2, shortLived: 3 } as const

export const couponPlans = [
  {
    name: 'A part off',
    discountType: 'PERCENTAGE',
    discountValue: 1_500,
    maxDiscountAmount: 2_500,
    // More than a pair of the smallest size costs, before and after the change of its price.
    minOrderAmount: 6_000,
    totalQuantity: 600,
    restoreOnCancel: true,
    codeRequired: false,
  },
  {
    name: 'A thousand off',
    discountType: 'FIXED',
    discountValue: 1_000,
    minOrderAmount: 0,
    totalQuantity: 300,
    restoreOnCancel: false,
    codeRequired: false,
  },
  {
    name: 'Half off, by invitation',
    discountType: 'PERCENTAGE',
    discountValue: 5_000,
    maxDiscountAmount: 5_000,
    minOrderAmount: 0,
    totalQuantity: 80,
    restoreOnCancel: true,
    codeRequired: true,
  },
  {
    name: 'For the quick',
    discountType: 'FIXED',
    discountValue: 500,
    minOrderAmount: 0,
    totalQuantity: 20,
    restoreOnCancel: true,
    codeRequired: false,
    userCouponTtlSeconds: 1,
  },
] as const satisfies CouponPlan[]
