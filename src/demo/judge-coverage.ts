import { isPaid } from './books.ts'
import { couponAt } from './coupon-plans.ts'
import type { Evidence } from './evidence.ts'

/** Names what this run did not show: a proof of what did not happen is none. */
export function judgeCoverage({ plan, books }: Evidence): string[] {
  const { refused } = books
  const orders = [...books.orders.values()]
  const used = (coupon: number) =>
    orders.filter((order) => order.coupon === coupon && isPaid(order)).length
  const isRepriced = ({ lines, span }: (typeof orders)[number]) =>
    lines.some(({ option }) => span.sentAt > (books.repriced.get(option)?.answeredAt ?? Infinity))
  const seen: Record<string, number> = {
    'an order at a changed price': orders.filter(isRepriced).length,
    'an order from a cart': orders.filter(({ fromCart }) => fromCart).length,
    'an order that lapsed': orders.filter(({ status }) => status === 'EXPIRED').length,
    'a percentage off': used(couponAt.percentage),
    'an amount off': used(couponAt.fixed),
    'a single-use code': used(couponAt.singleUse),
    'a refund of the whole': orders.filter(({ status }) => status === 'REFUNDED').length,
    'a refund of a part': orders.filter(
      ({ status, refunds }) => status === 'COMPLETED' && refunds.length > 0,
    ).length,
    'a restock': books.restocked.size,
  }
  const refusals = [
    ...['amount_changed', 'code_not_found', 'code_required', 'coupon_inactive'],
    ...['coupon_unavailable', 'idempotency_key_reused', 'min_order_amount', 'nothing_to_refund'],
    ...['insufficient_balance', 'order_expired', 'sold_out'],
  ]
  for (const code of refusals) seen[`the refusal ${code}`] = refused.get(code) ?? 0
  return Object.entries(seen)
    .filter(([, count]) => count === 0)
    .map(([name]) => `${name} did not occur, seed ${plan.seed}`)
}
