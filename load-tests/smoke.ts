/*
 * Does it work at all? A few visits that do everything once: look, claim, fill a cart, order, pay, cancel, refund.
 * Run it first, against every new address: it is over in seconds and harms nobody.
 *
 *   RATE=3           visits per second
 *   DURATION_S=10    how long they come
 */
import type { Options } from 'k6/options'
import { arrivals, common } from './lib/arrivals.ts'
import { checkBooks } from './lib/books.ts'
import { sizeOf } from './lib/environment.ts'
import {
  openVisitedShop,
  proveVisits,
  type VisitedShop,
  visit,
  visitThresholds,
} from './lib/visits.ts'

export { handleSummary } from './lib/summary.ts'

const ratePerSecond = sizeOf('RATE', 3)
const durationSeconds = sizeOf('DURATION_S', 10)
const visits = ratePerSecond * durationSeconds

export const options: Options = {
  ...common,
  scenarios: { visits: arrivals({ ratePerSecond, durationSeconds }) },
  thresholds: visitThresholds(visits),
}

export function setup(): VisitedShop {
  // Nothing runs out, so that every refusal is a mistake.
  return openVisitedShop({ visits, stock: visits * 4, quantity: visits })
}

export default visit

export function teardown(goods: VisitedShop): void {
  checkBooks(proveVisits(goods))
}
