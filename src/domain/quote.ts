/** What of a coupon makes its discount; amounts in minor units, percentages in basis points. */
export type DiscountTerms = {
  discountType: 'FIXED' | 'PERCENTAGE'
  discountValue: number
  maxDiscountAmount?: number | null
  minOrderAmount: number
}

export type PricedLine = { unitPrice: number; quantity: number }
export type Quote = { originalAmount: number; discountAmount: number; finalAmount: number }

/** What the lines cost before any coupon. */
export function originalAmount(lines: readonly PricedLine[]): number {
  return lines.reduce((sum, { unitPrice, quantity }) => sum + unitPrice * quantity, 0)
}

/**
 * What an order must cost, in minor units. The engine never asks: it decides in its script. Whoever orders computes it
 * a second time, so that the demo notices a wrong price or discount, and a buyer's page one that has changed.
 */
export function quote(lines: readonly PricedLine[], coupon: DiscountTerms | null): Quote {
  const original = originalAmount(lines)
  const discountAmount =
    coupon === null || original < coupon.minOrderAmount ? 0 : discount(original, coupon)
  return { originalAmount: original, discountAmount, finalAmount: original - discountAmount }
}

function discount(amount: number, coupon: DiscountTerms): number {
  const { discountType, discountValue, maxDiscountAmount } = coupon
  const taken =
    discountType === 'FIXED' ? discountValue : Math.floor((amount * discountValue + 5_000) / 10_000)
  return Math.min(taken, maxDiscountAmount ?? Number.POSITIVE_INFINITY, amount)
}
