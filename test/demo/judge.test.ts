import { beforeEach, expect, it } from 'vitest'
import type { OrderAnswer } from '../../src/demo/answers.ts'
import { openBooks } from '../../src/demo/books.ts'
import { type Evidence, judge } from '../../src/demo/judge.ts'
import { planSale } from '../../src/demo/plan.ts'

let evidence: Evidence

beforeEach(() => {
  evidence = smallSale()
})

it('finds nothing in books that balance', () => {
  expect(offChecks()).toEqual([])
})

it('notices a unit that was not sold', () => {
  evidence.audit.freeUnits[0] = 1
  expect(offChecks()).toEqual(['every unit is sold exactly once'])
})

it('notices more units sold than there were', () => {
  const option = evidence.plan.options[0]
  if (option) option.stock = 1
  expect(offChecks()).toEqual(['every unit is sold exactly once'])
})

it('notices one rank given to two buyers', () => {
  evidence.books.claims.set('bob', { userCouponId: 'coupon.1', rank: 1 })
  expect(offChecks()).toEqual(['every coupon is claimed exactly once'])
})

it('notices an order that is gone', () => {
  evidence.audit.orders.delete('order-1')
  expect(offChecks()).toContain('every accepted order reads as it was answered')
})

it('notices a wrong price, although both answers agree on it', () => {
  const order = evidence.audit.orders.get('order-1') as OrderAnswer
  order.discountAmount += 1
  order.finalAmount -= 1
  expect(offChecks()).toEqual(['every accepted order reads as it was answered'])
})

it('notices money that went astray', () => {
  evidence.audit.balances.set('alice', 1)
  expect(offChecks()).toEqual(['charges = balances + payments, for every buyer'])
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

function offChecks(): string[] {
  return judge(evidence)
    .filter(({ off }) => off.length > 0)
    .map(({ name }) => name)
}

/** One option with two units, both bought by Alice, and a coupon for her and one for Bob, who kept it. */
function smallSale(): Evidence {
  const plan = planSale(1)
  plan.options = [{ product: 0, optionValue: 'EU 40', price: 1_000, stock: 2 }]
  plan.coupon.totalQuantity = 2
  const order: OrderAnswer = {
    id: 'order-1',
    userId: 'alice',
    status: 'COMPLETED',
    items: [{ optionId: 'option', quantity: 2, subtotal: 2_000, discountAmount: 300 }],
    originalAmount: 2_000,
    discountAmount: 300,
    finalAmount: 1_700,
    userCouponId: 'coupon.1',
    payment: { amount: 1_700 },
    expiresAt: '2026-01-01T00:00:03.000Z',
    cancelledAt: null,
  }
  const books = openBooks()
  books.charged.set('alice', 1_700)
  books.claims.set('alice', { userCouponId: 'coupon.1', rank: 1 })
  books.claims.set('bob', { userCouponId: 'coupon.2', rank: 2 })
  books.orders.set(order.id, {
    id: order.id,
    userId: 'alice',
    lines: [{ option: 0, quantity: 2 }],
    status: 'COMPLETED',
    placed: structuredClone(order),
  })
  const audit = {
    orders: new Map([[order.id, order]]),
    freeUnits: [0],
    coupon: { id: 'coupon', issuedQuantity: 2, usedQuantity: 1 },
    balances: new Map([['alice', 0]]),
    verify: { ok: true, backlog: 0, checks: [{ name: 'stock', ok: true, off: [] }] },
  }
  return { plan, books, optionIds: ['option'], audit }
}
