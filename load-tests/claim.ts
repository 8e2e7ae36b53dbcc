/*
 * First come, first served: buyers arrive at a fixed rate, whatever the engine does, for a coupon of which there are
 * far too few. One in ten of those who got one asks again, and gets the same. Exactly as many are claimed as there are.
 *
 *   RATE=500         arrivals per second
 *   DURATION_S=15    at that rate, then it ebbs away in a third of that time
 *   QUANTITY=2000    coupons
 */
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { common, everybodyServed, requireTooFew, vusFor } from './lib/arrivals.ts'
import { booksBalance, checkBooks, issuedUnits } from './lib/books.ts'
import { call } from './lib/call.ts'
import { sizeOf } from './lib/environment.ts'
import { createCoupon, newRun } from './lib/goods.ts'
import { outcomesOf } from './lib/outcomes.ts'
import { buyerOf, requireBuyers } from './lib/tokens.ts'

export { handleSummary } from './lib/summary.ts'

const ratePerSecond = sizeOf('RATE', 500)
const durationSeconds = sizeOf('DURATION_S', 15)
const quantity = sizeOf('QUANTITY', 2_000)
const ebbSeconds = Math.ceil(durationSeconds / 3)
const arrivals = ratePerSecond * (durationSeconds + ebbSeconds / 2)

requireTooFew({ name: 'QUANTITY', count: quantity }, arrivals)

const claims = outcomesOf('claims', ['sold_out'])

export const options: Options = {
  ...common,
  scenarios: {
    rush: {
      executor: 'ramping-arrival-rate',
      startRate: ratePerSecond,
      timeUnit: '1s',
      // It opens at full rate, because everybody waits for the minute, and then ebbs away.
      stages: [
        { duration: `${durationSeconds}s`, target: ratePerSecond },
        { duration: `${ebbSeconds}s`, target: 0 },
      ],
      ...vusFor(ratePerSecond),
    },
  },
  thresholds: {
    ...booksBalance,
    ...everybodyServed(arrivals),
    ...claims.thresholds,
    claims_accepted: [`count==${quantity}`],
    claims_replayed: ['count>0'],
    claims_refused_sold_out: ['count>0'],
  },
}

type Sale = { run: string; couponId: string }

export function setup(): Sale {
  requireBuyers(Math.ceil(arrivals))
  const run = newRun()
  const coupon = createCoupon(run, quantity, { discountType: 'FIXED', discountValue: 500 })
  return { run, couponId: coupon.id }
}

export default function ({ run, couponId }: Sale): void {
  const number = exec.scenario.iterationInTest
  const { token } = buyerOf(run, number)
  const claim = (isRepeat: boolean) =>
    claims.count(call('POST /v1/coupons/{id}/claims', { id: couponId, token }), isRepeat)
  const isAccepted = claim(false)
  if (isAccepted && number % 10 === 0) claim(true)
}

export function teardown({ couponId }: Sale): void {
  checkBooks({ 'every coupon is claimed, and none more': issuedUnits(couponId) === quantity })
}
