/*
 * A day in one go: people look around, claim coupons, fill carts, order, pay at once or later, cancel, and get their
 * money back, all or half of it. The product and the coupons run out on the way.
 *
 *   RATE=80          visits per second
 *   DURATION_S=20    how long they come
 *   STOCK=800        units
 *   QUANTITY=400     coupons
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

const ratePerSecond = sizeOf('RATE', 80)
const durationSeconds = sizeOf('DURATION_S', 20)
const stock = sizeOf('STOCK', 800)
const quantity = sizeOf('QUANTITY', 400)
const visits = ratePerSecond * durationSeconds

export const options: Options = {
  ...common,
  scenarios: { day: arrivals({ ratePerSecond, durationSeconds }) },
  thresholds: visitThresholds(visits),
}

export function setup(): VisitedShop {
  return openVisitedShop({ visits, stock, quantity })
}

export default visit

export function teardown(goods: VisitedShop): void {
  checkBooks(proveVisits(goods))
}
