import exec from 'k6/execution'
import http from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import type { Options } from 'k6/options'
import {
  baseUrl,
  booksBalance,
  checkBooks,
  codeOf,
  create,
  freeUnits,
  headersOf,
  newRun,
  type Product,
  readUntil,
  soldUnits,
} from './lib/shop.ts'
import { signToken } from './lib/tokens.ts'

/*
 * Checkout of a product that runs out: half of the buyers order and pay in one request, the others order first and
 * then pay, and some of those think better of it and cancel. One order in ten is sent twice.
 *
 *   npm run load -- checkout         with RATE (arrivals/s), DURATION_S and STOCK from the environment
 */
const ratePerSecond = Number(__ENV.RATE || 200)
const durationSeconds = Number(__ENV.DURATION_S || 20)
const stock = Number(__ENV.STOCK || 2_000)
const optionCount = 4
const stockPerOption = Math.ceil(stock / optionCount)
const price = 1_000
const holdMs = 2_000
/** Each buyer comes again and again, and has the money for every order of the run. */
const buyerCount = 500
const chargesAtOnce = 50

const placed = new Counter('orders_placed')
const replayed = new Counter('orders_replayed')
const paid = new Counter('orders_paid')
const cancelled = new Counter('orders_cancelled')
const soldOut = new Counter('orders_sold_out')
const held = new Counter('orders_held')
const unexpected = new Counter('orders_unexpected')
const placedMs = new Trend('orders_placed_ms', true)
const paidMs = new Trend('orders_paid_ms', true)
const refusedMs = new Trend('orders_refused_ms', true)

export const options: Options = {
  scenarios: {
    rush: {
      executor: 'constant-arrival-rate',
      rate: ratePerSecond,
      timeUnit: '1s',
      duration: `${durationSeconds}s`,
      preAllocatedVUs: 300,
      maxVUs: 500,
    },
  },
  thresholds: {
    ...booksBalance,
    orders_placed: ['count>0'],
    orders_replayed: ['count>0'],
    orders_paid: ['count>0'],
    orders_cancelled: ['count>0'],
    orders_sold_out: ['count>0'],
    // It may be 0; a counter without a threshold would then be missing from the summary.
    orders_held: ['count>=0'],
    orders_unexpected: ['count==0'],
    orders_placed_ms: ['p(95)<500'],
    orders_paid_ms: ['p(95)<500'],
    orders_refused_ms: ['p(95)<500'],
    // A generator that cannot keep up measures itself. Below one in a hundred it is noise of the machine.
    dropped_iterations: [`count<${Math.ceil((ratePerSecond * durationSeconds) / 100)}`],
    http_req_failed: ['rate==0'],
  },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
}

type Sale = { run: string; productId: string; optionIds: string[] }

export function setup(): Sale {
  const run = newRun()
  const product = create<Product>('/v1/products', {
    name: `Runner (${run})`,
    options: Array.from({ length: optionCount }, (_, size) => ({
      optionValue: `EU ${40 + size}`,
      price,
      stock: stockPerOption,
      holdMs,
    })),
  })
  chargeBuyers(run)
  return { run, productId: product.id, optionIds: product.options.map(({ id }) => id) }
}

function chargeBuyers(run: string): void {
  const token = signToken('k6-admin', 'admin')
  const amount = price * 2 * Math.ceil((ratePerSecond * durationSeconds * 2) / buyerCount)
  for (let first = 0; first < buyerCount; first += chargesAtOnce) {
    const requests = Array.from(
      { length: Math.min(chargesAtOnce, buyerCount - first) },
      (_, more) => {
        const userId = `${run}-${first + more}`
        return {
          method: 'POST',
          url: `${baseUrl}/v1/users/${userId}/charges`,
          body: JSON.stringify({ amount }),
          params: {
            headers: headersOf(token, `charge-${userId}`),
            tags: { name: 'POST /v1/users/{id}/charges' },
          },
        }
      },
    )
    for (const response of http.batch(requests)) {
      if (response.status !== 201) throw new Error(`charge: ${response.status} ${response.body}`)
    }
  }
}

export default function ({ run, optionIds }: Sale): void {
  const number = exec.scenario.iterationInTest
  const token = signToken(`${run}-${number % buyerCount}`)
  const pay = Math.floor(number / optionCount) % 2 === 0
  const body = JSON.stringify({
    items: [
      { optionId: optionIds[number % optionCount], quantity: 1 + (number % 3 === 0 ? 1 : 0) },
    ],
    pay,
  })
  const twice = number % 10 === 0
  const order = placeOrder(token, `order-${number}`, body, twice)
  if (order === null) return
  if (pay) {
    paid.add(1)
    return
  }
  const isCancelled = number % 5 === 1
  const action = isCancelled ? 'cancel' : 'payment'
  const response = http.post(`${baseUrl}/v1/orders/${order.id}/${action}`, null, {
    headers: headersOf(token),
    tags: { name: `POST /v1/orders/{id}/${action}` },
  })
  if (response.status !== 200) {
    countUnexpected(response.status, codeOf(response))
  } else if (isCancelled) {
    cancelled.add(1)
  } else {
    paid.add(1)
    paidMs.add(response.timings.duration)
  }
}

/** Places an order, twice if asked to, and counts what became of it. Returns null where it was refused. */
function placeOrder(
  token: string,
  key: string,
  body: string,
  twice: boolean,
): { id: string } | null {
  const send = () =>
    http.post(`${baseUrl}/v1/orders`, body, {
      headers: headersOf(token, key),
      tags: { name: 'POST /v1/orders' },
    })
  const response = send()
  if (response.status !== 201) {
    const code = codeOf(response)
    refusedMs.add(response.timings.duration)
    if (code === 'sold_out') soldOut.add(1)
    else if (code === 'held') held.add(1)
    else countUnexpected(response.status, code)
    return null
  }
  placed.add(1)
  placedMs.add(response.timings.duration)
  const order = response.json() as { id: string }
  if (twice) {
    const again = send()
    if (again.status === 200 && again.json('id') === order.id) replayed.add(1)
    else countUnexpected(again.status, `a repeated order, ${codeOf(again)}`)
  }
  return order
}

function countUnexpected(status: number, code: string): void {
  unexpected.add(1, { code })
  console.error(`unexpected: ${status} ${code}`)
}

export function teardown({ productId }: Sale): void {
  const all = stockPerOption * optionCount
  // What the end of the run left unpaid lapses; only then is every unit either free or sold.
  const product = readUntil<Product>(
    `/v1/products/${productId}`,
    (now) => soldUnits(productId) + freeUnits(now) === all,
  )
  checkBooks({ 'sold + free = stock': soldUnits(productId) + freeUnits(product) === all })
}
