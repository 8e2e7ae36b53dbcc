import type { Audit } from './audit.ts'
import { type Books, type DemoPromise, type SoldOrder, unitsSold } from './books.ts'
import type { SalePlan } from './plan.ts'
import { quote } from './quote.ts'

/** One promise of the engine, with what speaks against it in words; it holds where nothing does. */
export type Check = { name: string; off: string[] }

/** Everything that is compared: the plan, the demo's own books, and what the server says. */
export type Evidence = { plan: SalePlan; books: Books; optionIds: string[]; audit: Audit }

/** Compares the demo's own books with what the server says, promise by promise. */
export function judge(evidence: Evidence): Check[] {
  const { books, audit } = evidence
  return [
    ...judgeAnswers(books),
    { name: 'every unit is sold exactly once', off: judgeStock(evidence) },
    { name: 'every coupon is claimed exactly once', off: judgeClaims(evidence) },
    { name: 'every accepted order reads as it was answered', off: judgeOrders(evidence) },
    { name: 'charges = balances + payments, for every buyer', off: judgeMoney(evidence) },
    { name: 'everything reached Postgres', off: judgeDrain(audit) },
    {
      name: 'verify',
      off: audit.verify.checks
        .filter(({ ok }) => !ok)
        .map(({ name, off }) => `${name}: ${JSON.stringify(off).slice(0, 200)}`)
        .concat(audit.verify.ok ? [] : ['ok is false']),
    },
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
  ]
}

function judgeStock({ plan, books, audit }: Evidence): string[] {
  const sold = unitsSold(books)
  return plan.options.flatMap(({ stock }, option) => {
    const units = sold.get(option) ?? 0
    const free = audit.freeUnits[option]
    if (units === stock && free === 0) return []
    return [`option ${option}: ${units} of ${stock} sold, ${free} free`]
  })
}

function judgeClaims({ plan, books, audit: { coupon } }: Evidence): string[] {
  const { totalQuantity } = plan.coupon
  const ranks = new Set([...books.claims.values()].map(({ rank }) => rank))
  const highest = Math.max(0, ...ranks)
  const used = [...books.orders.values()].filter(
    ({ status, placed }) => status === 'COMPLETED' && placed.userCouponId !== null,
  ).length
  return unequal({
    'buyers with a coupon': [books.claims.size, totalQuantity],
    'different ranks': [ranks.size, totalQuantity],
    'highest rank': [highest, totalQuantity],
    issuedQuantity: [coupon.issuedQuantity, totalQuantity],
    usedQuantity: [coupon.usedQuantity, used],
  })
}

function judgeOrders({ plan, books, optionIds, audit }: Evidence): string[] {
  return [...books.orders.values()].flatMap((order) => {
    const now = audit.orders.get(order.id)
    if (!now) return [`order ${order.id} is gone`]
    const { placed } = order
    const price = quote(plan, order.lines, placed.userCouponId !== null)
    const shares = placed.items.reduce((sum, item) => sum + item.discountAmount, 0)
    return unequal({
      [`status of order ${order.id}`]: [now.status, order.status],
      [`buyer of order ${order.id}`]: [now.userId, order.userId],
      [`items of order ${order.id}`]: [JSON.stringify(now.items), JSON.stringify(placed.items)],
      [`units of order ${order.id}`]: [
        itemsOf(placed.items),
        itemsOf(wantedItems(order, optionIds)),
      ],
      [`original amount of order ${order.id}`]: [now.originalAmount, price.originalAmount],
      [`discount of order ${order.id}`]: [now.discountAmount, price.discountAmount],
      [`shares of the discount of order ${order.id}`]: [shares, price.discountAmount],
      [`final amount of order ${order.id}`]: [now.finalAmount, price.finalAmount],
      [`first answer of order ${order.id}`]: [placed.finalAmount, price.finalAmount],
      [`payment of order ${order.id}`]: [
        now.payment?.amount ?? null,
        order.status === 'COMPLETED' ? price.finalAmount : null,
      ],
    })
  })
}

function wantedItems({ lines }: SoldOrder, optionIds: string[]) {
  return lines.map(({ option, quantity }) => ({ optionId: optionIds[option] ?? '', quantity }))
}

/** Units per option as one text: lines of the same option are summed, in whatever order they come. */
function itemsOf(items: { optionId: string; quantity: number }[]): string {
  const units = new Map<string, number>()
  for (const { optionId, quantity } of items) {
    units.set(optionId, (units.get(optionId) ?? 0) + quantity)
  }
  return JSON.stringify([...units].sort())
}

function judgeMoney({ books, audit }: Evidence): string[] {
  const paid = new Map<string, number>()
  for (const { userId, payment } of audit.orders.values()) {
    paid.set(userId, (paid.get(userId) ?? 0) + (payment?.amount ?? 0))
  }
  return [...audit.balances].flatMap(([userId, balance]) => {
    const charged = books.charged.get(userId) ?? 0
    return unequal({ [`balance of ${userId}`]: [balance, charged - (paid.get(userId) ?? 0)] })
  })
}

function judgeDrain({ verify }: Audit): string[] {
  return unequal({ 'events that wait': [verify.backlog, 0] })
}

/** Names what differs from what it must be. */
function unequal(pairs: Record<string, [is: unknown, mustBe: unknown]>): string[] {
  return Object.entries(pairs)
    .filter(([, [is, mustBe]]) => is !== mustBe)
    .map(([name, [is, mustBe]]) => `${name}: ${is}, must be ${mustBe}`)
}
