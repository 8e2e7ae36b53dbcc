import { describe, expect, it } from 'vitest'
import { couponAt } from '../../src/demo/coupon-plans.ts'
import { openingLines, planSale } from '../../src/demo/plan.ts'
import { originalAmount } from '../../src/domain/quote.ts'

const plan = planSale(1)

describe('planSale', () => {
  it('gives the same sale for the same seed, and another for another', () => {
    expect(planSale(1)).toEqual(plan)
    expect(planSale(2)).not.toEqual(plan)
  })

  it('plans 5,000 buyers for 1,000 units and 1,000 coupons', () => {
    expect(plan.buyers).toHaveLength(5_000)
    expect(plan.options.reduce((sum, { stock, restock }) => sum + stock + restock, 0)).toBe(1_000)
    expect(plan.coupons.reduce((sum, { totalQuantity }) => sum + totalQuantity, 0)).toBe(1_000)
  })

  it('repeats a tenth of the requests and reuses a hundredth of the keys', () => {
    const requests = plan.buyers.flatMap((buyer) => [
      buyer.charge,
      buyer.claim,
      buyer.order,
      buyer.settlement,
      buyer.refund,
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

  it('gives every buyer the money for the order at any price, but a few next to nothing', () => {
    const dearest = structuredClone(plan)
    for (const option of dearest.options) {
      option.price = Math.max(option.price, option.newPrice ?? 0)
    }
    const poor = plan.buyers.filter(
      ({ charge, order }) => charge.amount < originalAmount(openingLines(dearest, order.lines)),
    )
    expect(poor).toEqual(plan.buyers.filter(({ isPoor }) => isPoor))
    expect(poor.length).toBeGreaterThan(0)
    expect(poor.length).toBeLessThan(250)
    expect(
      poor.every(({ charge, order }) => charge.amount === 1 && order.ending === 'pay_at_once'),
    ).toBe(true)
  })

  it('has a buyer for every code, and two for a few', () => {
    const takers = plan.buyers.flatMap(({ claim }) => (claim.code === null ? [] : [claim]))
    expect(new Set(takers.map(({ code }) => code)).size).toBe(
      plan.coupons[couponAt.singleUse]?.totalQuantity,
    )
    for (const { code, isContested } of takers) {
      const rivals = takers.filter((taker) => taker.code === code)
      expect(rivals).toHaveLength(isContested ? 2 : 1)
    }
    expect(takers.some(({ isContested }) => isContested)).toBe(true)
  })

  it('has as many late buyers as there are coupons that lapse, each for one unit of what comes in', () => {
    const late = plan.buyers.filter(({ isLate }) => isLate)
    expect(late).toHaveLength(plan.coupons[couponAt.shortLived]?.totalQuantity ?? 0)
    for (const [option, { restock }] of plan.options.entries()) {
      const wanted = late.filter(({ order }) => order.lines[0]?.option === option)
      expect(wanted.length).toBeLessThanOrEqual(restock)
    }
  })

  it('changes prices up and down, and never past what the smallest order with the coupon costs', () => {
    const smallest = plan.coupons[couponAt.percentage]?.minOrderAmount ?? 0
    const changes = plan.options.flatMap(({ price, newPrice }) =>
      newPrice === null ? [] : [newPrice - price],
    )
    expect(changes.some((change) => change > 0)).toBe(true)
    expect(changes.some((change) => change < 0)).toBe(true)
    for (const { optionValue, price, newPrice } of plan.options) {
      if (optionValue === 'EU 38') expect(Math.max(price, newPrice ?? 0)).toBeLessThan(smallest)
    }
  })

  it('prices lines as the sale opened', () => {
    const option = plan.options.findIndex(({ newPrice }) => newPrice !== null)
    expect(openingLines(plan, [{ option, quantity: 2 }])).toEqual([
      { unitPrice: plan.options[option]?.price, quantity: 2 },
    ])
  })
})
