/*
 * The flash sale: a wall of buyers, all at once, for a few units that every one of them would pay at once. One in ten
 * of those who get one sends his order twice. Every unit is sold, none twice. Then comes the calm: buyers of something
 * else, who arrive at an easy rate as soon as the wall is through, and must be served as if nothing had been.
 *
 *   RATE=400              arrivals per second in the wall
 *   DURATION_S=5          how long it lasts
 *   STOCK=200             units
 *   CALM_RATE=20          arrivals per second after it
 *   CALM_S=20             how long they come
 *   CALM_LATENCY_MS=150   95 of 100 of them are answered within
 */
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { arrivals, common, everybodyServed, requireTooFew } from './lib/arrivals.ts'
import { booksBalance, checkBooks, settle, soldAndFree } from './lib/books.ts'
import { sizeOf } from './lib/environment.ts'
import { chargeRegulars, createProduct, type Goods, newRun, regularOf } from './lib/goods.ts'
import { placeOrder } from './lib/orders.ts'
import { type Outcomes, outcomesOf } from './lib/outcomes.ts'

export { handleSummary } from './lib/summary.ts'

const wall = {
  ratePerSecond: sizeOf('RATE', 400),
  durationSeconds: sizeOf('DURATION_S', 5),
  // A wall builds up before it is answered.
  answerMs: 1_000,
}
const calm = {
  ratePerSecond: sizeOf('CALM_RATE', 20),
  durationSeconds: sizeOf('CALM_S', 20),
  startSeconds: wall.durationSeconds + 1,
  exec: 'buyCalmly',
}
const stock = sizeOf('STOCK', 200)
const calmLatencyMs = sizeOf('CALM_LATENCY_MS', 150)
const countOf = (side: { ratePerSecond: number; durationSeconds: number }) =>
  side.ratePerSecond * side.durationSeconds

requireTooFew({ name: 'STOCK', count: stock }, countOf(wall))

const wallOrders = outcomesOf('wall_orders', ['sold_out'])
const calmOrders = outcomesOf('calm_orders')

export const options: Options = {
  ...common,
  scenarios: { wall: arrivals(wall), calm: arrivals(calm) },
  thresholds: {
    ...booksBalance,
    ...everybodyServed(countOf(wall)),
    ...wallOrders.thresholds,
    wall_orders_accepted: [`count==${stock}`],
    wall_orders_refused_sold_out: ['count>0'],
    ...calmOrders.thresholds,
    calm_orders_accepted_ms: [`p(95)<${calmLatencyMs}`],
  },
}

type Sale = { scarce: Goods; plenty: Goods }

export function setup(): Sale {
  const run = newRun()
  const calmUnits = countOf(calm) * 2
  chargeRegulars(run, countOf(wall) + calmUnits)
  // One hot option: everybody wants the same unit.
  return { scarce: createProduct(run, stock, 1), plenty: createProduct(run, calmUnits, 1) }
}

export default function ({ scarce }: Sale): void {
  const isTwice = exec.scenario.iterationInTest % 10 === 0
  buy(wallOrders, scarce, isTwice)
}

export function buyCalmly({ plenty }: Sale): void {
  buy(calmOrders, plenty, false)
}

function buy(outcomes: Outcomes, { run, productId, optionIds }: Goods, isTwice: boolean): void {
  const number = exec.scenario.iterationInTest
  placeOrder(outcomes, {
    token: regularOf(run, number).token,
    key: `${productId}-${number}`,
    body: { items: [{ optionId: optionIds[0], quantity: 1 }], pay: true },
    isTwice,
  })
}

export function teardown({ scarce, plenty }: Sale): void {
  const { sold, free } = settle(scarce)
  checkBooks({
    'every unit is sold, and none twice': free === 0 && (sold === null || sold === stock),
    ...soldAndFree(plenty),
  })
}
