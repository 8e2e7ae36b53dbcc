import { expect, it } from 'vitest'
import { couponPlans } from '../../src/demo/coupon-plans.ts'
import { planSale } from '../../src/demo/plan.ts'
import { openingLines, quote, refundDue } from '../../src/demo/quote.ts'

const [percentage, fixed, half] = couponPlans

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
  expect(quote([{ unitPrice: 9_000, quantity: 3 }], half).discountAmount).toBe(5_000)
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

it('prices lines as the sale opened', () => {
  const plan = planSale(1)
  const option = plan.options.findIndex(({ newPrice }) => newPrice !== null)
  expect(openingLines(plan, [{ option, quantity: 2 }])).toEqual([
    { unitPrice: plan.options[option]?.price, quantity: 2 },
  ])
})

it('pays back shares that sum to what was paid', () => {
  const item = { subtotal: 3_000, discountAmount: 1_000, quantity: 3 }
  const shares = [1, 2, 3].map((units) => refundDue(item, units) - refundDue(item, units - 1))
  expect(shares).toEqual([666, 667, 667])
})
