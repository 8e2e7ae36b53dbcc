import type { ChargeAnswer } from './answers.ts'
import type { SoldOrder } from './books.ts'
import { claim } from './claim.ts'
import { placeOrder } from './order.ts'
import type { BuyerPlan } from './plan-buyer.ts'
import type { Sale } from './sale.ts'
import { expectReuseRefused, isAccepted, submit } from './submit.ts'

/** One buyer of the rush, from the charge to the end of the order. */
export async function visit(sale: Sale, buyer: BuyerPlan): Promise<void> {
  await charge(sale, buyer)
  await claim(sale, buyer)
  if (buyer.isLate) return
  const { fromCart, ending, repeat } = buyer.order
  if (fromCart) await fillCart(sale, buyer)
  const key = `${sale.run}-order-${buyer.number}`
  const placement = await placeOrder(sale, buyer, { key, ending, repeat })
  if (placement.order !== null) {
    if (buyer.order.reusesKey) await reuseOrderKey(sale, buyer, placement.key)
    await settle(sale, buyer, placement.order)
  } else if (placement.refusal === 'held' || placement.refusal === 'sold_out') {
    if (buyer.order.lines.length === 1) sale.waiting.push(buyer)
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
  if (reusesKey) await expectReuseRefused(client, books, { ...call, body: { amount: amount + 1 } })
}

async function fillCart(sale: Sale, buyer: BuyerPlan): Promise<void> {
  const quantities = new Map<number, number>()
  for (const { option, quantity } of buyer.order.lines) {
    quantities.set(option, (quantities.get(option) ?? 0) + quantity)
  }
  for (const [option, quantity] of quantities) {
    await submit(sale.client, sale.books, {
      method: 'PUT',
      path: `/v1/me/cart/items/${sale.optionIds[option]}`,
      token: sale.userToken(buyer),
      body: { quantity },
      repeat: 'never',
      refusals: [],
    })
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
  const items = buyer.order.lines.map(({ option, quantity }) => ({
    optionId: sale.optionIds[option],
    quantity: quantity + 1,
  }))
  const call = { method: 'POST', path: '/v1/orders', token: sale.userToken(buyer) } as const
  return expectReuseRefused(sale.client, sale.books, { ...call, key, body: { items } })
}
