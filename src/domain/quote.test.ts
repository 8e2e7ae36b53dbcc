import { expect, it } from 'vitest'
import { type DiscountTerms, quote } from './quote.ts'

const percentage: DiscountTerms = {
  discountType: 'PERCENTAGE',
  discountValue: 1_500,
  maxDiscountAmount: 2_500,
  minOrderAmount: 6_000,
}
const fixed: DiscountTerms = { discountType: 'FIXED', discountValue: 1_000, minOrderAmount: 0 }

it('takes the percentage off, rounded half up', () => {
  // 15 % of 6,070 is 910.5.
  expect(quote([{ unitPrice: 6_070, quantity: 1 }], percentage)).toEqual({
    originalAmount: 6_070,
    discountAmount: 911,
    finalAmount: 5_159,
  })
})

it('never takes off more than the coupon allows', () => {
  expect(quote([{ unitPrice: 9_000, quantity: 3 }], percentage).discountAmount).toBe(2_500)
  const unbounded = { ...percentage, maxDiscountAmount: null }
  expect(quote([{ unitPrice: 9_000, quantity: 3 }], unbounded).discountAmount).toBe(4_050)
})

it('takes nothing off an order that is too small', () => {
  expect(quote([{ unitPrice: 5_999, quantity: 1 }], percentage).discountAmount).toBe(0)
  expect(quote([{ unitPrice: 3_000, quantity: 2 }], percentage).discountAmount).toBe(900)
})

it('takes a fixed amount off, and never more than there is', () => {
  expect(quote([{ unitPrice: 2_500, quantity: 2 }], fixed).finalAmount).toBe(4_000)
  expect(quote([{ unitPrice: 800, quantity: 1 }], fixed).finalAmount).toBe(0)
})

it('takes nothing off without a coupon', () => {
  const lines = [
    { unitPrice: 100, quantity: 3 },
    { unitPrice: 250, quantity: 1 },
  ]
  expect(quote(lines, null)).toEqual({ originalAmount: 550, discountAmount: 0, finalAmount: 550 })
})
