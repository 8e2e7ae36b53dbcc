/*
 * Checkout of a product that runs out: half of the buyers order and pay in one request, the others order first and
 * then pay, and some of those think better of it and cancel. One accepted order in ten is sent twice.
 *
 *   RATE=200         arrivals per second
 *   DURATION_S=20    how long they come
 *   STOCK=2000       units
 */
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { arrivals, common, everybodyServed, requireTooFew } from './lib/arrivals.ts'
import { booksBalance, checkBooks, soldAndFree } from './lib/books.ts'
import { sizeOf } from './lib/environment.ts'
import { chargeRegulars, createProduct, type Goods, newRun, regularOf } from './lib/goods.ts'
import { cancellations, cancelOrder, orders, payments, payOrder, placeOrder } from './lib/orders.ts'

export { handleSummary } from './lib/summary.ts'

const ratePerSecond = sizeOf('RATE', 200)
const durationSeconds = sizeOf('DURATION_S', 20)
const stock = sizeOf('STOCK', 2_000)
const arrivalCount = ratePerSecond * durationSeconds
const unitsPerOrderMax = 2
requireTooFew({ name: 'STOCK', count: stock }, arrivalCount)

export const options: Options = {
  ...common,
  scenarios: { rush: arrivals({ ratePerSecond, durationSeconds }) },
  thresholds: {
    ...booksBalance,
    ...everybodyServed(arrivalCount),
    ...orders.thresholds,
    ...payments.thresholds,
    ...cancellations.thresholds,
    orders_replayed: ['count>0'],
    orders_refused_sold_out: ['count>0'],
  },
}

export function setup(): Goods {
  const run = newRun()
  chargeRegulars(run, arrivalCount * unitsPerOrderMax)
  return createProduct(run, stock)
}

export default function ({ run, optionIds }: Goods): void {
  const number = exec.scenario.iterationInTest
  const { token } = regularOf(run, number)
  const optionId = optionIds[number % optionIds.length]
  const quantity = number % 3 === 0 ? unitsPerOrderMax : 1
  const pay = Math.floor(number / optionIds.length) % 2 === 0
  const order = placeOrder(orders, {
    token,
    key: `${run}-${number}`,
    body: { items: [{ optionId, quantity }], pay },
    isTwice: number % 10 === 0,
  })
  if (order === null || pay) return
  if (number % 5 === 1) cancelOrder(token, order)
  else payOrder(token, order)
}

export function teardown(goods: Goods): void {
  checkBooks(soldAndFree(goods))
}
