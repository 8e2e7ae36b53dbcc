/*
 * Does it work at all? A few visits that do everything once: look, claim, fill a cart, order, pay, cancel, refund.
 * Run it first, against every new address: it is over in seconds and harms nobody.
 *
 *   RATE=3           visits per second
 *   DURATION_S=10    how long they come
 */
import { sizeOf } from './lib/environment.ts'
import { scenarioOfVisits } from './lib/visits.ts'

export { handleSummary } from './lib/summary.ts'
export { visit as default } from './lib/visits.ts'

const ratePerSecond = sizeOf('RATE', 3)
const durationSeconds = sizeOf('DURATION_S', 10)
const visits = ratePerSecond * durationSeconds

export const { options, setup, teardown } = scenarioOfVisits({
  ratePerSecond,
  durationSeconds,
  // Nothing runs out, so that every refusal is a mistake.
  goods: { stock: visits * 4, quantity: visits },
  thresholds: {
    claims_refused_sold_out: ['count==0'],
    orders_refused_sold_out: ['count==0'],
    orders_refused_held: ['count==0'],
  },
})
