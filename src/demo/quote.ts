import type { LinePlan, SalePlan } from './plan.ts'

export type Quote = { originalAmount: number; discountAmount: number; finalAmount: number }

/**
 * What an order must cost, in minor units. It is computed here a second time, apart from the engine, so that the demo
 * notices a wrong price or discount.
 */
export function quote(plan: SalePlan, lines: LinePlan[], withCoupon: boolean): Quote {
  const originalAmount = lines.reduce(
    (sum, { option, quantity }) => sum + (plan.options[option]?.price ?? 0) * quantity,
    0,
  )
  const { discountValue, maxDiscountAmount } = plan.coupon
  const percentage = Math.floor((originalAmount * discountValue + 5_000) / 10_000)
  const discountAmount = withCoupon ? Math.min(percentage, maxDiscountAmount, originalAmount) : 0
  return { originalAmount, discountAmount, finalAmount: originalAmount - discountAmount }
}
