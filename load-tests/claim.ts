import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import type { Options } from 'k6/options'
import {
  baseUrl,
  booksBalance,
  type Coupon,
  checkBooks,
  codeOf,
  create,
  headersOf,
  newRun,
  read,
} from './lib/shop.ts'
import { signToken } from './lib/tokens.ts'

/*
 * First come, first served: buyers arrive at a fixed rate, whatever the server does, for a coupon of which there are
 * far too few. One in ten claims twice, as impatient people do.
 *
 *   npm run load -- claim            with RATE (arrivals/s), DURATION_S and QUANTITY from the environment
 */
const ratePerSecond = Number(__ENV.RATE || 500)
const durationSeconds = Number(__ENV.DURATION_S || 15)
const quantity = Number(__ENV.QUANTITY || 2_000)

const claimed = new Counter('claims_claimed')
const replayed = new Counter('claims_replayed')
const soldOut = new Counter('claims_sold_out')
const unexpected = new Counter('claims_unexpected')
const claimedMs = new Trend('claims_claimed_ms', true)
const soldOutMs = new Trend('claims_sold_out_ms', true)

export const options: Options = {
  scenarios: {
    rush: {
      executor: 'ramping-arrival-rate',
      startRate: ratePerSecond,
      timeUnit: '1s',
      // It opens at full rate, because everybody waits for the minute, and then ebbs away.
      stages: [
        { duration: `${durationSeconds}s`, target: ratePerSecond },
        { duration: '5s', target: 0 },
      ],
      preAllocatedVUs: 300,
      maxVUs: 500,
    },
  },
  thresholds: {
    ...booksBalance,
    claims_claimed: [`count==${quantity}`],
    claims_replayed: ['count>0'],
    claims_sold_out: ['count>0'],
    claims_unexpected: ['count==0'],
    claims_claimed_ms: ['p(95)<500'],
    claims_sold_out_ms: ['p(95)<500'],
    // A generator that cannot keep up measures itself. Below one in a hundred it is noise of the machine.
    dropped_iterations: [`count<${Math.ceil((ratePerSecond * durationSeconds) / 100)}`],
    http_req_failed: ['rate==0'],
  },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
}

type Sale = { run: string; couponId: string }

export function setup(): Sale {
  const run = newRun()
  const coupon = create<Coupon>('/v1/coupons', {
    name: `First come (${run})`,
    discountType: 'FIXED',
    discountValue: 500,
    totalQuantity: quantity,
  })
  return { run, couponId: coupon.id }
}

export default function ({ run, couponId }: Sale): void {
  const number = exec.scenario.iterationInTest
  const headers = headersOf(signToken(`${run}-${number}`))
  const claimTimes = number % 10 === 0 ? 2 : 1
  for (let time = 0; time < claimTimes; time += 1) {
    const response = http.post(`${baseUrl}/v1/coupons/${couponId}/claims`, null, {
      headers,
      tags: { name: 'POST /v1/coupons/{id}/claims' },
    })
    if (response.status === 201) {
      claimed.add(1)
      claimedMs.add(response.timings.duration)
    } else if (response.status === 200 && time > 0) {
      replayed.add(1)
    } else if (codeOf(response) === 'sold_out') {
      soldOut.add(1)
      soldOutMs.add(response.timings.duration)
    } else {
      unexpected.add(1, { code: codeOf(response) })
      console.error(`unexpected: ${response.status} ${codeOf(response)}`)
    }
  }
}

export function teardown({ couponId }: Sale): void {
  const coupon = read<Coupon>(`/v1/coupons/${couponId}`)
  checkBooks({ 'every coupon is claimed, and none more': coupon.issuedQuantity === quantity })
}
