import { originalAmount, quote } from '../domain/quote.ts'
import type { OrderAnswer } from './answers.ts'
import type { IssuedCoupon, SoldOrder, Span } from './books.ts'
import type { Answer } from './client.ts'
import type { CouponPlan } from './coupon-plans.ts'
import { openingLines } from './plan.ts'
import type { BuyerPlan, Ending, Repeat } from './plan-buyer.ts'
import type { Sale } from './sale.ts'
import { isAccepted, submit } from './submit.ts'

/** What a buyer wants of an order, whatever it takes. */
export type Wish = { key: string; ending: Ending; repeat: Repeat }

/** One attempt at it: the key, the coupon and the amount that are sent. */
type Offer = { key: string; claim: IssuedCoupon | null; statedAmount: number | null }

type RefusalBody = { retryAfterMs?: number; finalAmount?: number }

/** The accepted order and its key, or the code of the refusal and, for `held`, when to come back. */
export type Placement = {
  key: string
  order: SoldOrder | null
  refusal?: string | undefined
  retryAfterMs?: number | undefined
}

/**
 * Orders what the buyer is after, with the buyer's coupon, if there is one. Whoever hears that the amount has changed
 * orders again at the new one; whoever hears that the coupon cannot be used, without it.
 */
export async function placeOrder(sale: Sale, buyer: BuyerPlan, wish: Wish): Promise<Placement> {
  const claim = sale.books.claims.get(sale.userId(buyer)) ?? null
  let offer: Offer = { key: wish.key, claim, statedAmount: shownAmount(sale, buyer, claim) }
  const reasons = new Set<string>()
  for (;;) {
    const { answer, span } = await sendOrder(sale, buyer, wish, offer)
    if (answer === null) return { key: offer.key, order: null }
    if (isAccepted(answer)) {
      const order = keepOrder(sale, buyer, { wish, offer, placed: answer.body, span })
      return { key: offer.key, order }
    }
    const { code = '', retryAfterMs } = answer.body
    const next = reasons.has(code) ? null : reconsider(sale, buyer, offer, answer)
    if (next === null) return { key: offer.key, order: null, refusal: code, retryAfterMs }
    reasons.add(code)
    offer = next
  }
}

/** The amount by the prices that everybody saw before the sale, where this buyer insists on it. */
function shownAmount(sale: Sale, buyer: BuyerPlan, claim: IssuedCoupon | null): number | null {
  if (!buyer.order.statesAmount) return null
  return quote(openingLines(sale.plan, buyer.order.lines), couponOf(sale, claim)).finalAmount
}

function couponOf({ plan }: Sale, claim: IssuedCoupon | null): CouponPlan | null {
  return claim === null ? null : (plan.coupons[claim.coupon] ?? null)
}

async function sendOrder(
  sale: Sale,
  buyer: BuyerPlan,
  { ending, repeat }: Wish,
  { key, claim, statedAmount }: Offer,
): Promise<{ answer: Answer<OrderAnswer & RefusalBody> | null; span: Span }> {
  const { lines, fromCart } = buyer.order
  const items = lines.map(({ option, quantity }) => ({
    optionId: sale.optionIds[option],
    quantity,
  }))
  const sentAt = performance.now()
  const answer = await submit<OrderAnswer & RefusalBody>(sale.client, sale.books, {
    method: 'POST',
    path: '/v1/orders',
    token: sale.userToken(buyer),
    key,
    body: {
      ...(fromCart ? { fromCart } : { items }),
      ...(claim !== null && { userCouponId: claim.userCouponId }),
      ...(statedAmount !== null && { expectedAmount: statedAmount }),
      ...(ending === 'pay_at_once' && { pay: true }),
    },
    repeat,
    refusals: [
      'sold_out',
      'held',
      ...(buyer.isPoor ? ['insufficient_balance'] : []),
      ...(statedAmount !== null ? ['amount_changed'] : []),
      ...(claim !== null && mayBeTooSmall(sale, buyer, claim) ? ['min_order_amount'] : []),
      ...(claim !== null && buyer.isLate ? ['coupon_unavailable'] : []),
    ],
  })
  if (answer?.body.code === 'amount_changed' && !isRepriced(sale, buyer)) {
    const text = `order with key ${key}: the amount changed, and no price did`
    sale.books.faults.push({ promise: 'prices', text })
  }
  return { answer, span: { sentAt, answeredAt: performance.now() } }
}

/** Whether the price of a line has changed, or is just changing. */
function isRepriced({ books }: Sale, buyer: BuyerPlan): boolean {
  return buyer.order.lines.some(({ option }) => books.repriced.has(option))
}

/** Whether the order is too small for the coupon, at the old prices or at the new ones. */
function mayBeTooSmall({ plan }: Sale, buyer: BuyerPlan, claim: IssuedCoupon): boolean {
  const cheapest = buyer.order.lines.map(({ option, quantity }) => {
    const { price = 0, newPrice } = plan.options[option] ?? {}
    return { unitPrice: Math.min(price, newPrice ?? price), quantity }
  })
  return originalAmount(cheapest) < (plan.coupons[claim.coupon]?.minOrderAmount ?? 0)
}

/** What to send after a refusal that says what would be accepted; null where it does not. */
function reconsider(
  sale: Sale,
  buyer: BuyerPlan,
  offer: Offer,
  { body }: Answer<RefusalBody>,
): Offer | null {
  switch (body.code) {
    case 'amount_changed':
      return { ...offer, key: `${offer.key}-new-price`, statedAmount: body.finalAmount ?? null }
    case 'min_order_amount':
    case 'coupon_unavailable':
      return {
        key: `${offer.key}-no-coupon`,
        claim: null,
        statedAmount: shownAmount(sale, buyer, null),
      }
    default:
      return null
  }
}

function keepOrder(
  sale: Sale,
  buyer: BuyerPlan,
  { wish, offer, placed, span }: { wish: Wish; offer: Offer; placed: OrderAnswer; span: Span },
): SoldOrder {
  const { books } = sale
  const isPaid = wish.ending === 'pay_at_once'
  const order: SoldOrder = {
    id: placed.id,
    userId: sale.userId(buyer),
    lines: buyer.order.lines,
    fromCart: buyer.order.fromCart,
    status: wish.ending === 'leave' ? 'EXPIRED' : isPaid ? 'COMPLETED' : 'PENDING',
    placed,
    span,
    coupon: offer.claim?.coupon ?? null,
    statedAmount: offer.statedAmount,
    refunds: [],
  }
  books.accepted.orders += 1
  if (isPaid) books.accepted.payments += 1
  books.orders.set(order.id, order)
  if (buyer.isLate && offer.claim !== null) {
    const text = `order ${order.id} took a coupon that ended at ${offer.claim.expiresAt}`
    books.faults.push({ promise: 'lapsed coupons', text })
  }
  return order
}
