import type { ChargeAnswer, ClaimAnswer, OrderAnswer } from './answers.ts'
import type { SoldOrder } from './books.ts'
import type { BuyerPlan, Ending, LinePlan, Repeat } from './plan.ts'
import { quote } from './quote.ts'
import type { Sale } from './sale.ts'
import { isAccepted, submit } from './submit.ts'

/** One buyer from the charge to the end of the order. */
export async function visit(sale: Sale, buyer: BuyerPlan): Promise<void> {
  await charge(sale, buyer)
  await claim(sale, buyer)
  const { lines, ending, repeat } = buyer.order
  const key = `${sale.run}-order-${buyer.number}`
  const { order, refusal } = await placeOrder(sale, buyer, { key, lines, ending, repeat })
  if (order !== null) {
    if (buyer.order.reusesKey) await reuseOrderKey(sale, buyer, key)
    await settle(sale, buyer, order)
  } else if (refusal === 'held' && lines.length === 1) {
    sale.waiting.push(buyer)
  }
}

async function charge(sale: Sale, buyer: BuyerPlan): Promise<void> {
  const { client, books } = sale
  const { amount, repeat, reusesKey } = buyer.charge
  const userId = sale.userId(buyer)
  const call = {
    method: 'POST',
    path: `/v1/users/${userId}/charges`,
    token: sale.adminToken,
    key: `${sale.run}-charge-${buyer.number}`,
  } as const
  const answer = await submit<ChargeAnswer>(client, books, {
    ...call,
    body: { amount },
    repeat,
    refusals: [],
  })
  if (answer === null || !isAccepted(answer)) return
  books.accepted.charges += 1
  books.charged.set(userId, amount)
  books.newestCharge = { id: answer.body.id, userId, answeredAt: performance.now() }
  if (reusesKey) await expectReuseRefused(sale, { ...call, body: { amount: amount + 1 } })
}

async function claim(sale: Sale, buyer: BuyerPlan): Promise<void> {
  const { client, books } = sale
  const answer = await submit<ClaimAnswer>(client, books, {
    method: 'POST',
    path: `/v1/coupons/${sale.couponId}/claims`,
    token: sale.userToken(buyer),
    repeat: buyer.claim.repeat,
    refusals: ['sold_out'],
  })
  if (answer === null || !isAccepted(answer)) return
  books.accepted.claims += 1
  const { userCouponId, rank } = answer.body
  books.claims.set(sale.userId(buyer), { userCouponId, rank })
}

/**
 * Sends an order with the buyer's coupon, if there is one.
 *
 * @returns the accepted order, or the code of its refusal and, for `held`, when to come back.
 */
export async function placeOrder(
  sale: Sale,
  buyer: BuyerPlan,
  wish: { key: string; lines: LinePlan[]; ending: Ending; repeat: Repeat },
): Promise<{
  order: SoldOrder | null
  refusal?: string | undefined
  retryAfterMs?: number | undefined
}> {
  const { client, books, plan } = sale
  const { key, lines, ending, repeat } = wish
  const userId = sale.userId(buyer)
  const userCouponId = books.claims.get(userId)?.userCouponId
  const price = quote(plan, lines, userCouponId !== undefined)
  const pay = ending === 'pay_at_once'
  const answer = await submit<OrderAnswer & { retryAfterMs?: number }>(client, books, {
    method: 'POST',
    path: '/v1/orders',
    token: sale.userToken(buyer),
    key,
    body: orderBody(sale, buyer, { lines, userCouponId, pay, finalAmount: price.finalAmount }),
    repeat,
    refusals: ['sold_out', 'held', ...(isPoor(sale, buyer) ? ['insufficient_balance'] : [])],
  })
  if (answer === null) return { order: null }
  if (!isAccepted(answer)) {
    return { order: null, refusal: answer.body.code, retryAfterMs: answer.body.retryAfterMs }
  }
  const status = ending === 'leave' ? 'EXPIRED' : pay ? 'COMPLETED' : 'PENDING'
  const order: SoldOrder = { id: answer.body.id, userId, lines, status, placed: answer.body }
  books.accepted.orders += 1
  if (pay) books.accepted.payments += 1
  books.orders.set(order.id, order)
  return { order }
}

function orderBody(
  sale: Sale,
  buyer: BuyerPlan,
  order: {
    lines: LinePlan[]
    userCouponId?: string | undefined
    pay: boolean
    finalAmount: number
  },
): Record<string, unknown> {
  const { lines, userCouponId, pay, finalAmount } = order
  return {
    items: lines.map(({ option, quantity }) => ({ optionId: sale.optionIds[option], quantity })),
    ...(userCouponId !== undefined && { userCouponId }),
    ...(buyer.order.statesAmount && { expectedAmount: finalAmount }),
    ...(pay && { pay }),
  }
}

async function settle(sale: Sale, buyer: BuyerPlan, order: SoldOrder): Promise<void> {
  const { ending } = buyer.order
  if (ending === 'pay_at_once' || ending === 'leave') return
  const isPayment = ending === 'pay_later'
  const answer = await submit(sale.client, sale.books, {
    method: 'POST',
    path: `/v1/orders/${order.id}/${isPayment ? 'payment' : 'cancel'}`,
    token: sale.userToken(buyer),
    repeat: buyer.settlement.repeat,
    // On a busy machine the deadline may pass before the buyer comes to it. The order must then really be expired.
    refusals: ['order_expired'],
    flagsReplay: false,
  })
  if (answer === null) return
  if (!isAccepted(answer)) {
    order.status = 'EXPIRED'
  } else if (isPayment) {
    order.status = 'COMPLETED'
    sale.books.accepted.payments += 1
  } else {
    order.status = 'CANCELLED'
    sale.books.accepted.cancels += 1
  }
}

function reuseOrderKey(sale: Sale, buyer: BuyerPlan, key: string): Promise<void> {
  const lines = buyer.order.lines.map((line) => ({ ...line, quantity: line.quantity + 1 }))
  return expectReuseRefused(sale, {
    method: 'POST',
    path: '/v1/orders',
    token: sale.userToken(buyer),
    key,
    body: {
      items: lines.map(({ option, quantity }) => ({ optionId: sale.optionIds[option], quantity })),
    },
  })
}

async function expectReuseRefused(
  sale: Sale,
  call: { method: 'POST'; path: string; token: string; key: string; body: unknown },
): Promise<void> {
  const code = 'idempotency_key_reused'
  const answer = await submit(sale.client, sale.books, {
    ...call,
    repeat: 'never',
    refusals: [code],
  })
  if (answer === null || (answer.status === 422 && answer.body.code === code)) return
  const text = `${call.path} took the key ${call.key} with another body: status ${answer.status}`
  sale.books.faults.push({ promise: 'reused keys', text })
}

/** A buyer whose money does not even pay for the cheapest thing on the list. */
function isPoor({ plan }: Sale, buyer: BuyerPlan): boolean {
  return buyer.charge.amount < quote(plan, buyer.order.lines, true).finalAmount
}
