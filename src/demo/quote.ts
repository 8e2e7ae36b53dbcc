import type { CouponPlan } from './coupon-plans.ts'
import type { SalePlan } from './plan.ts'
import type { LinePlan } from './plan-buyer.ts'

/** What of a coupon makes its discount. */
export type DiscountTerms = Pick<
  CouponPlan,
  'discountType' | 'discountValue' | 'maxDiscountAmount' | 'minOrderAmount'
>

export type PricedLine = { unitPrice: number; quantity: number }
export type Quote = { originalAmount: number; discountAmount: number; finalAmount: number }

/** The lines with the prices at which the sale opened. */
export function openingLines({ options }: SalePlan, lines: readonly LinePlan[]): PricedLine[] {
  return lines.map(({ option, quantity }) => ({
    unitPrice: options[option]?.price ?? 0,
    quantity,
  }))
}

/** What the lines cost before any coupon. */
export function originalAmount(lines: readonly PricedLine[]): number {
  return lines.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0)
}

/**
 * What an order must cost, in minor units. It is computed here a second time, apart from the engine, so that the demo
 * notices a wrong price or discount, and a buyer's page one that has changed.
 */
export function quote(lines: readonly PricedLine[], coupon: DiscountTerms | null): Quote {
  const original = originalAmount(lines)
  const discountAmount =
    coupon === null || original < coupon.minOrderAmount ? 0 : discount(original, coupon)
  return { originalAmount: original, discountAmount, finalAmount: original - discountAmount }
}

function discount(amount: number, coupon: DiscountTerms): number {
  const { discountType, discountValue, maxDiscountAmount = Number.POSITIVE_INFINITY } = coupon
  const taken =
    discountType === 'FIXED' ? discountValue : Math.floor((amount * discountValue + 5_000) / 10_000)
  return Math.min(taken, maxDiscountAmount, amount)
}

/**
 * What has been paid back of an item once `refunded` of its units have: the item's share of what was paid, to the unit
 * of money below. All units together get exactly what was paid for the item.
 */
export function refundDue(
  item: { subtotal: number; discountAmount: number; quantity: number },
  refunded: number,
): number {
  return Math.floor(((item.subtotal - item.discountAmount) * refunded) / item.quantity)
}
