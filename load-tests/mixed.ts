/*
 * A day in one go: people look around, claim coupons, fill carts, order, pay at once or later, cancel, and get their
 * money back, all or half of it. The product and the coupons run out on the way.
 *
 *   RATE=80          visits per second
 *   DURATION_S=20    how long they come
 *   STOCK=800        units
 *   QUANTITY=400     coupons
 */
import { sizeOf } from './lib/environment.ts'
import { scenarioOfVisits } from './lib/visits.ts'

export { handleSummary } from './lib/summary.ts'
export { visit as default } from './lib/visits.ts'

export const { options, setup, teardown } = scenarioOfVisits({
  ratePerSecond: sizeOf('RATE', 80),
  durationSeconds: sizeOf('DURATION_S', 20),
  goods: { stock: sizeOf('STOCK', 800), quantity: sizeOf('QUANTITY', 400) },
})
