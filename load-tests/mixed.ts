import exec from 'k6/execution'
import http, { type RefinedResponse } from 'k6/http'
import { Counter, Trend } from 'k6/metrics'
import type { Options } from 'k6/options'
import {
  baseUrl,
  booksBalance,
  type Coupon,
  checkBook,
  checkBooks,
  codeOf,
  create,
  freeUnits,
  headersOf,
  newRun,
  type Product,
  read,
  readUntil,
  soldUnits,
} from './lib/shop.ts'
import { signToken } from './lib/tokens.ts'

/*
 * A day in one go: everybody looks around, one in three goes away again. Half of the others claim a coupon first. Some
 * fill a cart and order it, the others order what they see; they pay at once, pay later or cancel, and some get all
 * or half of their money back. The product runs out on the way.
 *
 *   npm run load -- mixed            with RATE (arrivals/s), DURATION_S, STOCK and QUANTITY (coupons)
 */
const ratePerSecond = Number(__ENV.RATE || 80)
const durationSeconds = Number(__ENV.DURATION_S || 20)
const stock = Number(__ENV.STOCK || 800)
const quantity = Number(__ENV.QUANTITY || 400)
const optionCount = 4
const stockPerOption = Math.ceil(stock / optionCount)
const price = 1_000
const unitsPerOrder = 2
const holdMs = 2_000

const looked = new Counter('visits_looked')
const claimed = new Counter('claims_claimed')
const claimsSoldOut = new Counter('claims_sold_out')
const fromCart = new Counter('orders_from_cart')
const placed = new Counter('orders_placed')
const paid = new Counter('orders_paid')
const cancelled = new Counter('orders_cancelled')
const refunded = new Counter('orders_refunded')
const soldOut = new Counter('orders_sold_out')
const held = new Counter('orders_held')
const unexpected = new Counter('visits_unexpected')
const lookedMs = new Trend('visits_looked_ms', true)
const cartMs = new Trend('carts_changed_ms', true)
const placedMs = new Trend('orders_placed_ms', true)
const refundedMs = new Trend('orders_refunded_ms', true)

export const options: Options = {
  scenarios: {
    day: {
      executor: 'constant-arrival-rate',
      rate: ratePerSecond,
      timeUnit: '1s',
      duration: `${durationSeconds}s`,
      preAllocatedVUs: 200,
      maxVUs: 500,
    },
  },
  thresholds: {
    ...booksBalance,
    visits_looked: ['count>0'],
    claims_claimed: [`count<=${quantity}`],
    // These may be 0; a counter without a threshold would then be missing from the summary.
    claims_sold_out: ['count>=0'],
    orders_sold_out: ['count>=0'],
    orders_held: ['count>=0'],
    orders_from_cart: ['count>0'],
    orders_placed: ['count>0'],
    orders_paid: ['count>0'],
    orders_cancelled: ['count>0'],
    orders_refunded: ['count>0'],
    visits_unexpected: ['count==0'],
    visits_looked_ms: ['p(95)<500'],
    carts_changed_ms: ['p(95)<500'],
    orders_placed_ms: ['p(95)<500'],
    orders_refunded_ms: ['p(95)<500'],
    // A generator that cannot keep up measures itself. Below one in a hundred it is noise of the machine.
    dropped_iterations: [`count<${Math.ceil((ratePerSecond * durationSeconds) / 100)}`],
    http_req_failed: ['rate==0'],
  },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
}

type Sale = { run: string; productId: string; optionIds: string[]; couponId: string }
type Order = { id: string; finalAmount: number; items: { id: string }[] }
const endings = ['pay at once', 'pay later', 'cancel', 'all back', 'half back'] as const

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
  const coupon = create<Coupon>('/v1/coupons', {
    name: `A tenth off (${run})`,
    discountType: 'PERCENTAGE',
    discountValue: 1_000,
    totalQuantity: quantity,
  })
  const optionIds = product.options.map(({ id }) => id)
  return { run, productId: product.id, optionIds, couponId: coupon.id }
}

export default function (sale: Sale): void {
  const number = exec.scenario.iterationInTest
  look(sale.productId)
  if (number % 3 === 0) return
  const userId = `${sale.run}-${number}`
  const token = signToken(userId)
  const userCouponId = number % 2 === 0 ? claim(sale.couponId, token) : null
  if (post(`/v1/users/${userId}/charges`, admin(), { amount: price * unitsPerOrder }) === null)
    return

  const optionId = sale.optionIds[number % optionCount] ?? ''
  const ending = endings[Math.floor(number / 3) % endings.length] ?? 'cancel'
  const takesCart = number % 5 < 2
  if (takesCart && !fillCart(optionId, token)) return
  const order = placeOrder(token, {
    ...(takesCart ? { fromCart: true } : { items: [{ optionId, quantity: unitsPerOrder }] }),
    ...(userCouponId !== null && { userCouponId }),
    pay: ending === 'pay at once',
  })
  if (order === null) return
  if (takesCart) fromCart.add(1)
  finish(order, ending, token)
}

function look(productId: string): void {
  const pages = {
    'GET /v1/products': '/v1/products?limit=20',
    'GET /v1/products/{id}': `/v1/products/${productId}`,
  }
  for (const [name, path] of Object.entries(pages)) {
    const response = http.get(`${baseUrl}${path}`, { tags: { name } })
    if (response.status === 200) lookedMs.add(response.timings.duration)
    else countUnexpected(response)
  }
  looked.add(1)
}

/** @returns the user coupon, or null where there is none left. */
function claim(couponId: string, token: string): string | null {
  const response = http.post(`${baseUrl}/v1/coupons/${couponId}/claims`, null, {
    headers: headersOf(token),
    tags: { name: 'POST /v1/coupons/{id}/claims' },
  })
  if (response.status === 201) {
    claimed.add(1)
    return response.json('userCouponId') as string
  }
  if (codeOf(response) === 'sold_out') claimsSoldOut.add(1)
  else countUnexpected(response)
  return null
}

/** Puts one unit into the cart, then as many as will be ordered, and reads it back. */
function fillCart(optionId: string, token: string): boolean {
  const headers = headersOf(token)
  for (const units of [1, unitsPerOrder]) {
    const path = `${baseUrl}/v1/me/cart/items/${optionId}`
    const tags = { name: 'PUT /v1/me/cart/items/{optionId}' }
    const response = http.put(path, JSON.stringify({ quantity: units }), { headers, tags })
    if (response.status !== 200) {
      countUnexpected(response)
      return false
    }
    cartMs.add(response.timings.duration)
  }
  const cart = http.get(`${baseUrl}/v1/me/cart`, { headers, tags: { name: 'GET /v1/me/cart' } })
  checkBook('a cart holds what was put in', cart.json('items.0.quantity') === unitsPerOrder)
  return cart.status === 200
}

function placeOrder(token: string, body: Record<string, unknown>): Order | null {
  const response = http.post(`${baseUrl}/v1/orders`, JSON.stringify(body), {
    headers: headersOf(token, 'order'),
    tags: { name: 'POST /v1/orders' },
  })
  if (response.status === 201) {
    placed.add(1)
    placedMs.add(response.timings.duration)
    return response.json() as Order
  }
  const code = codeOf(response)
  if (code === 'sold_out') soldOut.add(1)
  else if (code === 'held') held.add(1)
  else countUnexpected(response)
  return null
}

function finish(order: Order, ending: (typeof endings)[number], token: string): void {
  if (ending === 'cancel') {
    if (post(`/v1/orders/${order.id}/cancel`, token) !== null) cancelled.add(1)
    return
  }
  if (ending !== 'pay at once' && post(`/v1/orders/${order.id}/payment`, token) === null) return
  paid.add(1)
  if (ending === 'all back') refund(order, {}, order.finalAmount, token)
  if (ending === 'half back') {
    const items = order.items.map(({ id }) => ({ orderItemId: id, quantity: unitsPerOrder / 2 }))
    refund(order, { items }, order.finalAmount / 2, token)
  }
}

/** Pays back a part of an order, and sees whether the money has arrived. */
function refund(order: Order, body: Record<string, unknown>, due: number, token: string): void {
  const response = post(`/v1/orders/${order.id}/refunds`, admin(), body)
  if (response === null) return
  refunded.add(1)
  refundedMs.add(response.timings.duration)
  const { balance } = http
    .get(`${baseUrl}/v1/me/balance`, {
      headers: headersOf(token),
      tags: { name: 'GET /v1/me/balance' },
    })
    .json() as { balance: number }
  checkBook('a refund is what was paid for its units', response.json('amount') === due)
  const expected = price * unitsPerOrder - order.finalAmount + due
  checkBook('balance = charge - payment + refund', balance === expected)
}

/** Posts what must be accepted. Every path is used once, so it does for an idempotency key. */
function post(
  path: string,
  token: string,
  body: Record<string, unknown> | null = null,
): RefinedResponse<'text'> | null {
  const response = http.post(`${baseUrl}${path}`, body === null ? null : JSON.stringify(body), {
    headers: headersOf(token, path),
    tags: { name: `POST ${path.replace(/(users|orders)\/[^/]+/, '$1/{id}')}` },
  })
  if (response.status === 200 || response.status === 201) return response
  countUnexpected(response)
  return null
}

function admin(): string {
  return signToken('k6-admin', 'admin')
}

function countUnexpected(response: RefinedResponse<'text'>): void {
  unexpected.add(1, { code: codeOf(response) })
  console.error(`unexpected: ${response.request.method} ${response.url}: ${codeOf(response)}`)
}

export function teardown({ productId, couponId }: Sale): void {
  const all = stockPerOption * optionCount
  // What the end of the run left unpaid lapses; only then is every unit either free or sold.
  const product = readUntil<Product>(
    `/v1/products/${productId}`,
    (now) => soldUnits(productId) + freeUnits(now) === all,
  )
  const coupon = read<Coupon>(`/v1/coupons/${couponId}`)
  checkBooks({
    'sold + free = stock': soldUnits(productId) + freeUnits(product) === all,
    'no coupon is claimed that there is not': coupon.issuedQuantity <= quantity,
  })
}
