import { checkBook } from './books.ts'
import { call } from './call.ts'
import { type Outcomes, outcomesOf } from './outcomes.ts'

export type Order = { id: string; finalAmount: number; items: { id: string }[] }

export const orders = outcomesOf('orders', ['sold_out', 'held'])
// Unpaid orders lapse soon here, so a payment may come too late on a machine that is busy.
export const payments = outcomesOf('payments', ['order_expired'])
export const cancellations = outcomesOf('cancellations', ['order_expired'])

type Wish = { token: string; key: string; body: object; isTwice?: boolean }

/** Places an order and counts what became of it; `isTwice` sends it again. Returns null where it was not accepted. */
export function placeOrder(outcomes: Outcomes, wish: Wish): Order | null {
  const { token, key, body, isTwice = false } = wish
  const send = (isRepeat: boolean) => {
    const answer = call('POST /v1/orders', { token, key, body })
    return outcomes.count(answer, isRepeat) ? (answer.json() as Order) : null
  }
  const order = send(false)
  if (order === null || !isTwice) return order
  const again = send(true)
  if (again !== null) checkBook('a repeated order is the first one again', again.id === order.id)
  return order
}

/** Pays an order that waits for it, and says whether that was accepted. */
export function payOrder(token: string, { id }: Order): boolean {
  return payments.count(call('POST /v1/orders/{id}/payment', { id, token }))
}

export function cancelOrder(token: string, { id }: Order): boolean {
  return cancellations.count(call('POST /v1/orders/{id}/cancel', { id, token }))
}
