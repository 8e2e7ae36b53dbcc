import { describe, expect, it } from 'vitest'
import { planSale } from '../../src/demo/plan.ts'
import { quote } from '../../src/demo/quote.ts'

const plan = planSale(1)

describe('planSale', () => {
  it('gives the same sale for the same seed, and another for another', () => {
    expect(planSale(1)).toEqual(plan)
    expect(planSale(2)).not.toEqual(plan)
  })

  it('plans 5,000 buyers for 1,000 units and 1,000 coupons', () => {
    expect(plan.buyers).toHaveLength(5_000)
    expect(plan.options.reduce((sum, { stock }) => sum + stock, 0)).toBe(1_000)
    expect(plan.coupon.totalQuantity).toBe(1_000)
  })

  it('repeats a tenth of the requests and reuses a hundredth of the keys', () => {
    const requests = plan.buyers.flatMap((buyer) => [
      buyer.charge,
      buyer.claim,
      buyer.order,
      buyer.settlement,
    ])
    const repeated = requests.filter(({ repeat }) => repeat !== 'never').length
    expect(repeated / requests.length).toBeCloseTo(0.1, 2)
    const keys = plan.buyers.flatMap(({ charge, order }) => [charge.reusesKey, order.reusesKey])
    expect(keys.filter(Boolean).length / keys.length).toBeCloseTo(0.01, 2)
  })

  it.each([1, 2, 3, 4, 5])(
    'wants each option of seed %i far more often than it is there',
    (seed) => {
      const { buyers, options } = planSale(seed)
      const single = buyers.filter(({ order }) => order.lines.length === 1)
      for (const option of options.keys()) {
        const wanted = single.filter(({ order }) => order.lines[0]?.option === option)
        const ones = wanted.filter(({ order }) => order.lines[0]?.quantity === 1)
        expect(ones.length).toBeGreaterThan(2 * (options[option]?.stock ?? 0))
      }
    },
  )

  it('gives every buyer the money for the order, but a few next to nothing', () => {
    const poor = plan.buyers.filter(
      ({ charge, order }) => charge.amount < quote(plan, order.lines, false).finalAmount,
    )
    expect(poor.length).toBeGreaterThan(0)
    expect(poor.length).toBeLessThan(250)
    expect(
      poor.every(({ charge, order }) => charge.amount === 1 && order.ending === 'pay_at_once'),
    ).toBe(true)
  })
})

describe('quote', () => {
  const price = (option: number) => plan.options[option]?.price ?? 0
  const cheap = plan.options.findIndex(({ price: amount }) => amount * 0.15 < 2_500)

  it('takes the percentage off, rounded half up', () => {
    const originalAmount = price(cheap)
    const discountAmount = Math.round(originalAmount * 0.15)
    const lines = [{ option: cheap, quantity: 1 }]
    expect(quote(plan, lines, true)).toEqual({
      originalAmount,
      discountAmount,
      finalAmount: originalAmount - discountAmount,
    })
  })

  it('never takes off more than the coupon allows', () => {
    const lines = plan.options.map((_, option) => ({ option, quantity: 2 }))
    expect(quote(plan, lines, true).discountAmount).toBe(2_500)
  })

  it('takes nothing off without a coupon', () => {
    expect(quote(plan, [{ option: cheap, quantity: 3 }], false)).toEqual({
      originalAmount: 3 * price(cheap),
      discountAmount: 0,
      finalAmount: 3 * price(cheap),
    })
  })
})
