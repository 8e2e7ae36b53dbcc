import { describe, expect, it } from 'vitest'
import type { Books } from '../../chaos/books.ts'
import { checkJournal } from '../../chaos/check/check-journal.ts'
import { keyedId } from '../../chaos/check/operations.ts'
import type { Attempt, Intent } from '../../chaos/journal.ts'

type Row = Record<string, unknown>

let numbers = 0

/** An attempt as the client wrote it down. */
function attempt(intent: Intent, answer: Partial<Attempt>): Attempt {
  numbers += 1
  const facts = { status: 201, replayed: false, outcome: 'ok' as const, answeredAt: 2 }
  return { number: numbers, intent, api: 'api-1', sentAt: 1, ...facts, ...answer }
}

const refused = { outcome: 'refused', status: 409, body: {} } as const
const noAnswer = { outcome: 'unknown', status: undefined, error: 'socket hang up' } as const

const ann = { userId: 'ann', caller: 'ann', method: 'POST' } as const
const charge: Intent = {
  ...{ ...ann, operation: 1, kind: 'charge', caller: 'operator', key: 'charge-1' },
  ...{ path: '/v1/users/ann/charges', body: { amount: 5_000 } },
}
const claim: Intent = {
  ...{ ...ann, operation: 2, kind: 'claim', subject: 'tenth' },
  path: '/v1/coupons/tenth/claims',
}
const order: Intent = {
  ...{ ...ann, operation: 3, kind: 'order', key: 'order-1', path: '/v1/orders' },
  body: { items: [{ optionId: 'blue', quantity: 2 }], pay: true },
}
const adjustment: Intent = {
  ...{ operation: 4, kind: 'adjustment', userId: 'operator', caller: 'operator', method: 'POST' },
  ...{ key: 'adjustment-1', path: '/v1/options/blue/stock-adjustments', subject: 'blue' },
  body: { change: 10, reason: 'adjustment-1' },
}
const cart: Intent = {
  ...{ ...ann, operation: 5, kind: 'cart', method: 'PUT', subject: 'blue' },
  ...{ path: '/v1/me/cart/items/blue', body: { quantity: 3 } },
}
const idOf = (intent: Intent) => `00000000001${keyedId(intent)}`
const orderId = idOf(order)
const refund: Intent = {
  ...{ ...ann, operation: 6, kind: 'refund', caller: 'operator', key: 'refund-1' },
  ...{ path: `/v1/orders/${orderId}/refunds`, subject: orderId, body: { restock: true } },
}
const item = { optionId: 'blue', quantity: 2, subtotal: 2_000, discountAmount: 0 }
const amounts = { originalAmount: 2_000, discountAmount: 0, finalAmount: 2_000 }
const chargeFacts = { id: idOf(charge), amount: 5_000, beforeAmount: 0, afterAmount: 5_000 }
const claimFacts = { userCouponId: 'tenth.1', rank: 1 }
const orderFacts = { id: orderId, userId: 'ann', ...amounts }
const refundFacts = { id: idOf(refund), orderId, userId: 'ann', amount: 2_000, restock: true }

/** A small sale that balances: a charge, a claim, a paid order that is paid back, units put in, and a cart. */
function sale() {
  const attempts = [
    attempt(charge, { body: chargeFacts }),
    attempt(claim, { body: claimFacts }),
    attempt(order, { body: { ...orderFacts, items: [item] } }),
    attempt(adjustment, { body: { change: 10, stock: 110 } }),
    attempt(cart, { status: 200, body: {} }),
    attempt(refund, { body: refundFacts }),
  ]
  const books: Books = {
    orders: [{ ...orderFacts, status: 'REFUNDED' }],
    items: [{ ...item, orderId, restocked: 2 }],
    payments: [{ id: `pay-${orderId}`, orderId, userId: 'ann', amount: 2_000 }],
    refunds: [refundFacts],
    history: [
      { ...chargeFacts, userId: 'ann', type: 'CHARGE' },
      { ...{ id: 'pay', userId: 'ann', type: 'DEDUCT', amount: 2_000 }, ...between(5_000, 3_000) },
      { ...{ id: 'back', userId: 'ann', type: 'REFUND', amount: 2_000 }, ...between(3_000, 5_000) },
    ],
    balances: [{ userId: 'ann', amount: 5_000 }],
    userCoupons: [{ id: 'tenth.1', couponId: 'tenth', userId: 'ann', rank: 1 }],
    coupons: [{ id: 'tenth', total: 10, issued: 1 }],
    options: [{ id: 'blue', stock: 110, held: 0, sold: 0 }],
    stockChanges: [
      { optionId: 'blue', type: 'INITIAL', change: 100, reason: null },
      { optionId: 'blue', type: 'ADJUST', change: 10, reason: 'adjustment-1' },
    ],
    cartLines: [{ userId: 'ann', optionId: 'blue', quantity: 3 }],
    deadLetters: [],
  }
  return { attempts, books }
}

function between(beforeAmount: number, afterAmount: number) {
  return { beforeAmount, afterAmount }
}

type Sale = ReturnType<typeof sale>

/** What is found in the sale after something in it was made wrong. */
function findings(corrupt: (sale: Sale) => void): string[] {
  const corrupted = sale()
  corrupt(corrupted)
  return checkJournal(corrupted.attempts, corrupted.books).map(
    ({ check, text }) => `${check}: ${text}`,
  )
}

function answer({ attempts }: Sale, intent: Intent, facts: Partial<Attempt>): void {
  Object.assign(attempts.find((one) => one.intent === intent) as Attempt, facts)
}

function change<Key extends keyof Books>({ books }: Sale, table: Key, facts: Row): void {
  Object.assign(books[table][0] as Row, facts)
}

it('finds nothing in books that balance', () => {
  expect(findings(() => {})).toEqual([])
})

describe('what was accepted and is missing is named:', () => {
  const lost: [string, (sale: Sale) => void, string][] = [
    [
      'a charge',
      ({ books }) => books.history.splice(0, 1),
      'charge charge-1 was accepted and is lost',
    ],
    [
      'a claim',
      ({ books }) => books.userCoupons.splice(0),
      'claim tenth of ann was accepted and is lost',
    ],
    ['an order', ({ books }) => books.orders.splice(0), 'order order-1 was accepted and is lost'],
    [
      'a refund',
      ({ books }) => books.refunds.splice(0),
      'refund refund-1 was accepted and is lost',
    ],
    [
      'an adjustment',
      ({ books }) => books.stockChanges.splice(1),
      'adjustment adjustment-1 was accepted and is lost',
    ],
  ]
  it.each(lost)('%s', (_, lose, text) => {
    expect(findings(lose)).toContain(`accepted is kept: ${text}`)
  })

  it('a line of a cart', () => {
    const found = findings(({ books }) => books.cartLines.splice(0))
    expect(found).toEqual(['carts: line blue of ann has 0, must be 3'])
  })
})

describe('what is there too often is named:', () => {
  it('an order that was placed twice', () => {
    const twin = `00000000002${keyedId(order)}`
    const found = findings(({ books }) =>
      books.orders.push({ ...orderFacts, id: twin, status: 'CANCELLED' }),
    )
    expect(found[0]).toBe(`one effect: order order-1 (ok) is there 2 times: ${orderId}, ${twin}`)
  })

  it('a second coupon of a user', () => {
    const second = { id: 'tenth.2', couponId: 'tenth', userId: 'ann', rank: 2 }
    const found = findings((broken) => {
      broken.books.userCoupons.push(second)
      change(broken, 'coupons', { issued: 2 })
    })
    expect(found).toEqual(['one effect: claim tenth of ann is there 2 times: tenth.1, tenth.2'])
  })

  it('an unknown one that took effect twice', () => {
    const found = findings((broken) => {
      answer(broken, charge, noAnswer)
      broken.books.history.push({ ...chargeFacts, userId: 'ann', type: 'CHARGE' })
    })
    expect(found[0]).toContain('one effect: charge charge-1 (unknown) is there 2 times')
  })

  it('the same row twice', () => {
    const found = findings(({ books }) => books.payments.push(...books.payments))
    expect(found).toContain(`no duplicates: payments: pay-${orderId} is there twice`)
  })

  it('something that nobody asked for', () => {
    const found = findings(({ attempts }) => attempts.splice(0, 1))
    expect(found[0]).toBe(
      `nothing unasked: charge ${keyedId(charge)} is there, and nobody asked for it`,
    )
  })
})

describe('what was refused and has an effect is named:', () => {
  it.each([
    ['charge', charge],
    ['order', order],
    ['refund', refund],
    ['adjustment', adjustment],
  ])('%s', (kind, intent) => {
    const found = findings((broken) => answer(broken, intent, refused))
    expect(found[0]).toContain(
      `refused has no effect: ${kind} ${intent.key} (refused) is there 1 times`,
    )
  })

  it('claim', () => {
    const found = findings((broken) => answer(broken, claim, { ...refused, code: 'sold_out' }))
    expect(found).toEqual(['refused has no effect: claim tenth of ann is there'])
  })

  it('payment', () => {
    const found = findings((broken) => {
      answer(broken, order, { intent: { ...order, body: { ...order.body, pay: false } } })
      const payment: Intent = { ...ann, operation: 9, kind: 'payment', path: '', subject: orderId }
      broken.attempts.push(attempt(payment, { ...refused, code: 'insufficient_balance' }))
    })
    expect(found).toEqual([`orders: order ${orderId} (REFUNDED) is paid, and nobody paid it`])
  })
})

it('lets an unknown one be there or not', () => {
  for (const intent of [charge, claim, order, adjustment, cart, refund]) {
    expect(findings((broken) => answer(broken, intent, noAnswer))).toEqual([])
  }
  expect(
    findings((broken) => {
      answer(broken, claim, noAnswer)
      broken.books.userCoupons.splice(0)
      change(broken, 'coupons', { issued: 0 })
    }),
  ).toEqual([])
})

describe('what is not as it was answered is named:', () => {
  const facts: [string, (sale: Sale) => void, string][] = [
    [
      'an amount',
      (it) => change(it, 'orders', { discountAmount: 1 }),
      'as answered: order order-1: discountAmount is 1',
    ],
    [
      'the rank of a claim',
      (it) => change(it, 'userCoupons', { id: 'tenth.7', rank: 7 }),
      'as answered: claim tenth of ann is tenth.7',
    ],
    ['a line', (it) => change(it, 'items', { subtotal: 1 }), 'has other lines than answered'],
    [
      'a status',
      (it) => change(it, 'orders', { status: 'PENDING' }),
      'is past its deadline and still holds its units',
    ],
  ]
  it.each(facts)('%s', (_, corrupt, text) => {
    expect(findings(corrupt).join('\n')).toContain(text)
  })

  it('two answers that differ', () => {
    const found = findings(({ attempts }) =>
      attempts.push(attempt(charge, { replayed: true, body: { ...chargeFacts, amount: 1 } })),
    )
    expect(found.join()).toMatch(/answers: charge: attempts \d+ and \d+ got different answers/)
  })

  it('two answers that were both the first', () => {
    const found = findings(({ attempts }) => attempts.push(attempt(charge, { body: chargeFacts })))
    expect(found).toEqual(['answers: charge: 2 answers say that they were the first'])
  })
})

describe('sums that are off are named:', () => {
  const sums: [string, (sale: Sale) => void, string][] = [
    [
      'money',
      (it) => change(it, 'payments', { amount: 1_999 }),
      'money: ann was charged with 5000, accounted for are 4999',
    ],
    [
      'a chain',
      (it) => change(it, 'balances', { amount: 4_000 }),
      'balance chain: the balance of ann is 4000',
    ],
    [
      'units',
      (it) => change(it, 'options', { stock: 109 }),
      'stock: option blue has 109 + 0 + 0 units of 110',
    ],
    [
      'sales',
      (it) => change(it, 'items', { restocked: 0 }),
      'stock: option blue sold 0, in paid orders are 2',
    ],
    [
      'a coupon',
      (it) => change(it, 'coupons', { issued: 2 }),
      'coupons: coupon tenth says 2 of 10 issued',
    ],
    [
      'a dead letter',
      ({ books }) => books.deadLetters.push({ eventId: '7', type: 'x', error: 'y' }),
      'no dead letters: event 7 (x): y',
    ],
  ]
  it.each(sums)('%s', (_, corrupt, text) => {
    expect(findings(corrupt).join('\n')).toContain(text)
  })
})

describe('an answer that is none is named:', () => {
  const bad: [string, Partial<Attempt>, string][] = [
    [
      '500',
      { outcome: 'unknown', status: 500, code: 'internal' },
      '500 internal is no answer to this request',
    ],
    [
      'a refusal without reason',
      { ...refused, code: 'sold_out' },
      '409 sold_out is no answer to this request',
    ],
    [
      '503 without Retry-After',
      { outcome: 'unknown', status: 503, code: 'unavailable' },
      '503 unavailable without Retry-After',
    ],
  ]
  it.each(bad)('%s', (_, facts, text) => {
    const found = findings(({ attempts }) =>
      attempts.push(attempt({ ...charge, operation: 8 }, facts)),
    )
    expect(found).toContain(`answers: charge: ${text}`)
  })
})
