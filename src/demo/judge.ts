import type { Audit } from './audit.ts'
import { type Books, type DemoPromise, refundedAmount, unitsSold } from './books.ts'
import { type Check, type Evidence, unequal } from './evidence.ts'
import { judgeCoupons, judgeUserCoupons } from './judge-coupons.ts'
import { judgeCoverage } from './judge-coverage.ts'
import { judgeOrders } from './judge-orders.ts'

/** Compares the demo's own books with what the server says, promise by promise. */
export function judge(evidence: Evidence): Check[] {
  const { books, audit } = evidence
  return [
    ...judgeAnswers(books),
    { name: 'every unit is sold exactly once', off: judgeStock(evidence) },
    { name: 'every coupon is claimed exactly once', off: judgeCoupons(evidence) },
    { name: 'every user coupon is where its order left it', off: judgeUserCoupons(evidence) },
    { name: 'every accepted order reads as it was answered', off: judgeOrders(evidence) },
    { name: 'every change of a price is in its history', off: judgePrices(evidence) },
    {
      name: 'charges = balances + payments - refunds, for every buyer',
      off: judgeMoney(evidence),
    },
    { name: 'an order takes the lines out of the cart', off: judgeCarts(audit) },
    { name: 'everything reached Postgres', off: judgeDrain(audit) },
    {
      name: 'verify',
      off: audit.verify.checks
        .filter(({ ok }) => !ok)
        .map(({ name, off }) => `${name}: ${JSON.stringify(off).slice(0, 200)}`)
        .concat(audit.verify.ok ? [] : ['ok is false']),
    },
    { name: 'nothing that a sale can bring was left out', off: judgeCoverage(evidence) },
  ]
}

/** The promises that show in single answers, so that they can be judged when the sale did not come to its end. */
export function judgeAnswers(books: Books): Check[] {
  const faultsOf = (promise: DemoPromise) =>
    books.faults.filter((fault) => fault.promise === promise).map(({ text }) => text)
  return [
    { name: 'every request was answered', off: faultsOf('answers') },
    { name: 'refusals are the expected ones', off: faultsOf('refusals') },
    { name: 'a repeated request has one effect and the first answer', off: faultsOf('repeats') },
    { name: 'a key with another body is refused', off: faultsOf('reused keys') },
    { name: 'an order is never paid after its deadline', off: faultsOf('late payments') },
    { name: 'an amount changes only with a price', off: faultsOf('prices') },
    { name: 'a paused coupon is given to nobody', off: faultsOf('pause') },
    { name: 'a lapsed coupon is worth nothing', off: faultsOf('lapsed coupons') },
    { name: 'a refund is what was paid for its units', off: faultsOf('refunds') },
  ]
}

function judgeStock({ plan, books, audit, optionIds }: Evidence): string[] {
  const sold = unitsSold(books)
  const options = audit.products.flatMap((product) => product.options)
  const free = new Map(options.map(({ id, stock }) => [id, stock]))
  const off = plan.options.flatMap(({ stock }, option) => {
    const units = sold.get(option) ?? 0
    const all = stock + (books.restocked.get(option) ?? 0)
    const left = free.get(optionIds[option] ?? '')
    return units === all && left === 0
      ? []
      : [`option ${option}: ${units} of ${all} sold, ${left} free`]
  })
  const statuses = audit.products.map(({ id, status }) => [
    `status of product ${id}`,
    [status, 'OUT_OF_STOCK'] as [string, string],
  ])
  return [...off, ...unequal(Object.fromEntries(statuses))]
}

function judgePrices({ plan, audit, optionIds }: Evidence): string[] {
  const told = audit.priceChanges.map(({ optionId, oldPrice, newPrice }) =>
    [optionIds.indexOf(optionId), oldPrice, newPrice].join(' '),
  )
  const made = plan.options.flatMap(({ price, newPrice }, option) =>
    newPrice === null ? [] : [[option, price, newPrice].join(' ')],
  )
  return unequal({ 'changes (option, old, new)': [told.sort().join(), made.sort().join()] })
}

function judgeMoney({ books, audit }: Evidence): string[] {
  const spent = new Map<string, number>()
  for (const order of books.orders.values()) {
    const paid = audit.orders.get(order.id)?.payment?.amount ?? 0
    const before = spent.get(order.userId) ?? 0
    spent.set(order.userId, before + paid - refundedAmount(order))
  }
  return [...audit.balances].flatMap(([userId, balance]) => {
    const charged = books.charged.get(userId) ?? 0
    return unequal({ [`balance of ${userId}`]: [balance, charged - (spent.get(userId) ?? 0)] })
  })
}

function judgeCarts({ cartLines }: Audit): string[] {
  return [...cartLines].flatMap(([userId, lines]) =>
    unequal({ [`lines in the cart of ${userId}`]: [lines, 0] }),
  )
}

function judgeDrain({ verify }: Audit): string[] {
  return unequal({ 'events that wait': [verify.backlog, 0] })
}
