import { setTimeout as sleep } from 'node:timers/promises'
import { unitsSold } from './books.ts'
import { placeOrder } from './buyer.ts'
import { visitInParallel } from './parallel.ts'
import type { BuyerPlan } from './plan.ts'
import { buyersAtOnce, type Sale } from './sale.ts'

/** An answer `held` may name a moment that has come by now; coming back at once would only be noise. */
const pauseMinMs = 20

/**
 * Sells what comes back: everyone who was told `held` tries again when the answer said, pays at once, and leaves when
 * the option is sold out. It ends when nobody waits any more or nothing is left to sell.
 */
export async function serveWaitingList(sale: Sale): Promise<void> {
  const stock = sale.plan.options.reduce((sum, option) => sum + option.stock, 0)
  const sold = () => [...unitsSold(sale.books).values()].reduce((sum, units) => sum + units, 0)
  /** Option → when to come back. One answer `held` speaks for all who wait for the same option. */
  const heldUntil = new Map<number, number>()
  while (sale.waiting.length > 0 && sold() < stock && !sale.signal.aborted) {
    const waiting = sale.waiting.splice(0)
    await visitInParallel(waiting, buyersAtOnce, (buyer) => retry(sale, buyer, heldUntil))
    if (heldUntil.size === 0) continue
    await sleep(Math.max(pauseMinMs, Math.min(...heldUntil.values()) - Date.now()))
  }
}

async function retry(sale: Sale, buyer: BuyerPlan, heldUntil: Map<number, number>): Promise<void> {
  const { lines, repeat } = buyer.order
  const option = lines[0]?.option ?? 0
  if ((heldUntil.get(option) ?? 0) > Date.now()) {
    sale.waiting.push(buyer)
    return
  }
  heldUntil.delete(option)
  const key = `${sale.run}-wait-${buyer.number}`
  const wish = { key, lines, ending: 'pay_at_once', repeat } as const
  const { refusal, retryAfterMs } = await placeOrder(sale, buyer, wish)
  if (refusal === 'held') {
    heldUntil.set(option, Date.now() + (retryAfterMs ?? pauseMinMs))
    sale.waiting.push(buyer)
  }
}
