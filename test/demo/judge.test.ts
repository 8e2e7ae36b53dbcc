import { beforeEach, describe, expect, it } from 'vitest'
import type { OrderAnswer } from '../../src/demo/answers.ts'
import type { SoldOrder } from '../../src/demo/books.ts'
import { couponAt } from '../../src/demo/coupon-plans.ts'
import type { Evidence } from '../../src/demo/evidence.ts'
import { judge } from '../../src/demo/judge.ts'
import { smallSale } from './small-sale.ts'

let evidence: Evidence

beforeEach(() => {
  evidence = smallSale()
})

it('finds nothing in books that balance', () => {
  expect(judge(evidence).filter(({ off }) => off.length > 0)).toEqual([])
})

describe('stock', () => {
  const stock = 'every unit is sold exactly once'

  it('notices a unit that was not sold', () => {
    const option = evidence.audit.products[0]?.options[0]
    if (option) option.stock = 1
    expect(offChecks()).toEqual([stock])
  })

  it('notices more units sold than there were', () => {
    evidence.books.restocked.delete(0)
    expect(offChecks()).toEqual([stock])
  })

  it('counts a unit that was paid back as sold, unless it came back', () => {
    for (const part of sold('alice').refunds) part.isRestocked = true
    expect(offChecks()).toEqual([stock])
  })

  it('notices a product that is on sale without a unit', () => {
    const [product] = evidence.audit.products
    if (product) product.status = 'ACTIVE'
    expect(offChecks()).toEqual([stock])
  })
})

describe('coupons', () => {
  const quantities = 'every coupon is claimed exactly once'
  const statuses = 'every user coupon is where its order left it'

  it('notices one rank given to two buyers', () => {
    for (const claim of evidence.books.claims.values()) claim.coupon = couponAt.percentage
    expect(offChecks()).toContain(quantities)
  })

  it('notices a use too many', () => {
    const coupon = evidence.audit.coupons[couponAt.percentage]
    if (coupon) coupon.usedQuantity = 2
    expect(offChecks()).toEqual([quantities])
  })

  it('takes the use of a coupon back with the whole order, where the coupon allows it', () => {
    const coupon = evidence.plan.coupons[couponAt.fixed]
    if (coupon) coupon.restoreOnCancel = true
    expect(offChecks()).toEqual([quantities, statuses])
  })

  it('notices a coupon that can be used although its time has passed', () => {
    evidence.audit.userCoupons.set('late', [
      { userCouponId: `coupon-${couponAt.shortLived}.1`, status: 'AVAILABLE' },
    ])
    expect(offChecks()).toEqual([statuses])
  })

  it('notices a coupon that its owner does not have', () => {
    evidence.audit.userCoupons.set('alice', [])
    expect(offChecks()).toEqual([statuses])
  })
})

describe('orders', () => {
  const orders = 'every accepted order reads as it was answered'
  const money = 'charges = balances + payments - refunds, for every buyer'

  it('notices an order that is gone', () => {
    evidence.audit.orders.delete('order-erin')
    expect(offChecks()).toEqual([orders, money])
  })

  it('notices a wrong discount, although both answers agree on it', () => {
    for (const answer of [sold('alice').placed, current('alice')]) {
      answer.discountAmount += 1
      answer.finalAmount -= 1
    }
    expect(offChecks()).toEqual([orders])
  })

  it('notices a discount on an order that is too small for it', () => {
    const coupon = evidence.plan.coupons[couponAt.percentage]
    if (coupon) coupon.minOrderAmount = 20_001
    expect(offChecks()).toEqual([orders])
  })

  it('notices a new name of what was sold under the old one', () => {
    for (const item of current('erin').items) item.productName = 'Walker'
    expect(offChecks()).toEqual([orders])
  })

  it('notices a price from before its change', () => {
    sold('dave').span = { sentAt: 111, answeredAt: 112 }
    expect(offChecks()).toEqual([orders])
  })

  it('notices a price from after a change that nobody had asked for yet', () => {
    sold('erin').span = { sentAt: 98, answeredAt: 99 }
    expect(offChecks()).toContain(orders)
  })

  it('takes either price while it changes', () => {
    for (const buyer of ['dave', 'erin']) sold(buyer).span = { sentAt: 105, answeredAt: 106 }
    expect(offChecks()).not.toContain(orders)
  })

  it('notices an amount that the buyer had not agreed to', () => {
    sold('erin').statedAmount = 8_000
    expect(offChecks()).toEqual([orders])
  })

  it('notices a refund that the order does not tell', () => {
    for (const item of current('alice').items) item.refundedAmount = 0
    expect(offChecks()).toEqual([orders])
  })

  it('notices a payment that is not marked as paid back', () => {
    const { payment } = current('bob')
    if (payment) payment.status = 'PAID'
    expect(offChecks()).toEqual([orders])
  })

  it('notices money that went astray', () => {
    evidence.audit.balances.set('alice', 1)
    expect(offChecks()).toEqual([money])
  })

  it('notices a refund that did not arrive', () => {
    evidence.audit.balances.set('bob', 100)
    expect(offChecks()).toEqual([money])
  })

  it('notices lines that an order left in the cart', () => {
    evidence.audit.cartLines.set('carol', 1)
    expect(offChecks()).toEqual(['an order takes the lines out of the cart'])
  })
})

it('notices a price change that its history does not have', () => {
  evidence.audit.priceChanges = []
  expect(offChecks()).toEqual(['every change of a price is in its history'])
})

it('notices events that are not in Postgres, and what verify says', () => {
  evidence.audit.verify = {
    ok: false,
    backlog: 3,
    checks: [{ name: 'stock', ok: false, off: [{ optionId: 'a' }] }],
  }
  expect(offChecks()).toEqual(['everything reached Postgres', 'verify'])
})

it('counts what went wrong in single answers', () => {
  evidence.books.faults.push({ promise: 'refusals', text: 'GET / was refused' })
  expect(offChecks()).toEqual(['refusals are the expected ones'])
})

it('says what the sale did not show', () => {
  evidence.books.refused.delete('amount_changed')
  sold('carol').fromCart = false
  evidence.books.restocked.clear()
  for (const option of evidence.plan.options) option.stock += 1
  const [off] = judge(evidence).filter((check) => check.off.length > 0)
  expect(off).toEqual({
    name: 'nothing that a sale can bring was left out',
    off: [
      'an order from a cart did not occur, seed 1',
      'a restock did not occur, seed 1',
      'the refusal amount_changed did not occur, seed 1',
    ],
  })
})

function offChecks(): string[] {
  return judge(evidence)
    .filter(({ off }) => off.length > 0)
    .map(({ name }) => name)
}

function sold(userId: string): SoldOrder {
  return evidence.books.orders.get(`order-${userId}`) as SoldOrder
}

/** The order as the server tells it at the end. */
function current(userId: string): OrderAnswer {
  return evidence.audit.orders.get(`order-${userId}`) as OrderAnswer
}
