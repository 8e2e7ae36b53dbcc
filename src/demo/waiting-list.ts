import { setTimeout as sleep } from 'node:timers/promises'
import { totalUnits, unitsSold } from './books.ts'
import { placeOrder } from './order.ts'
import { visitInParallel } from './parallel.ts'
import type { BuyerPlan } from './plan-buyer.ts'
import { buyersAtOnce, type Sale } from './sale.ts'

/** An answer `held` may name a moment that has come by now; coming back at once would only be noise. */
const pauseMinMs = 20

/** What the answers to some say to all who wait for the same option. */
type News = {
  /** Position of an option → when to come back. */
  heldUntil: Map<number, number>
  /** Options of which not a single unit will come back. */
  soldOut: Set<number>
}

/**
 * Sells what came in and what comes back: everyone who went away with nothing tries again and pays at once. Whoever
 * is told `held` comes back when the answer said, and whoever is told `sold_out` leaves for good. It ends when nobody
 * waits any more or nothing is left to sell.
 */
export async function serveWaitingList(sale: Sale): Promise<void> {
  const { books, plan } = sale
  const stock = plan.options.reduce((sum, option) => sum + option.stock, 0)
  const units = stock + totalUnits(books.restocked)
  const news: News = { heldUntil: new Map(), soldOut: new Set() }
  while (sale.waiting.length > 0 && totalUnits(unitsSold(books)) < units && !sale.signal.aborted) {
    const waiting = sale.waiting.splice(0)
    await visitInParallel(waiting, buyersAtOnce, (buyer) => retry(sale, buyer, news))
    if (news.heldUntil.size === 0) continue
    await sleep(Math.max(pauseMinMs, Math.min(...news.heldUntil.values()) - Date.now()))
  }
}

async function retry(sale: Sale, buyer: BuyerPlan, { heldUntil, soldOut }: News): Promise<void> {
  const { option, quantity } = buyer.order.lines[0] ?? { option: 0, quantity: 0 }
  if (soldOut.has(option)) return
  if ((heldUntil.get(option) ?? 0) > Date.now()) {
    sale.waiting.push(buyer)
    return
  }
  heldUntil.delete(option)
  const key = `${sale.run}-wait-${buyer.number}`
  const wish = { key, ending: 'pay_at_once', repeat: buyer.order.repeat } as const
  const { refusal, retryAfterMs } = await placeOrder(sale, buyer, wish)
  if (refusal === 'held') {
    heldUntil.set(option, Date.now() + (retryAfterMs ?? pauseMinMs))
    sale.waiting.push(buyer)
  } else if (refusal === 'sold_out' && quantity === 1) {
    soldOut.add(option)
  }
}
