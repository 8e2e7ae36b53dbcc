/*
 * How much is too much? Buyers who order and pay in one request, at a rate that goes up a step at a time, until the
 * engine is too slow, fails, or the generator has nobody left to send. Each step is judged by itself. The run ends at
 * the first step that does not hold, and says which. It fails only where the books do not balance.
 *
 *   RATE=100         arrivals per second of the first step
 *   STEP_RATE=100    how many more in each next one
 *   MAX_RATE=1000    of the last one
 *   STEP_S=10        how long each lasts
 */
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { arrivals, common } from './lib/arrivals.ts'
import { booksBalance, checkBooks, soldAndFree } from './lib/books.ts'
import { sizeOf } from './lib/environment.ts'
import { chargeRegulars, createProduct, type Goods, newRun, regularOf } from './lib/goods.ts'
import { orders, placeOrder } from './lib/orders.ts'
import { isOfStep, type Step, stairsOf, stepThresholds } from './lib/steps.ts'
import { type RunData, summarize } from './lib/summary.ts'

const firstRate = sizeOf('RATE', 100)
const stepRate = sizeOf('STEP_RATE', 100)
const maxRate = sizeOf('MAX_RATE', 1_000)
const durationSeconds = sizeOf('STEP_S', 10)

const steps: Step[] = []
for (let ratePerSecond = firstRate; ratePerSecond <= maxRate; ratePerSecond += stepRate) {
  const startSeconds = steps.length * durationSeconds
  steps.push({ name: `rate_${ratePerSecond}`, ratePerSecond, durationSeconds, startSeconds })
}
if (steps.length === 0) throw new Error('MAX_RATE must not be below RATE.')
const arrivalCount = steps.reduce((sum, step) => sum + step.ratePerSecond * durationSeconds, 0)

export const options: Options = {
  ...common,
  scenarios: Object.fromEntries(
    // Steps that hold are answered soon, and whoever is not answered soon after his step is not waited for.
    steps.map((step) => [
      step.name,
      { ...arrivals({ ...step, answerMs: 250 }), gracefulStop: '2s' },
    ]),
  ),
  thresholds: { ...booksBalance, ...Object.assign({}, ...steps.map(stepThresholds)) },
}

export function setup(): Goods {
  const run = newRun()
  chargeRegulars(run, arrivalCount)
  // Nothing runs out, because a refusal costs less than an order.
  return createProduct(run, arrivalCount + steps.length)
}

export default function ({ run, optionIds }: Goods): void {
  const { name, iterationInTest } = exec.scenario
  placeOrder(orders, {
    token: regularOf(run, iterationInTest).token,
    key: `${run}-${name}-${iterationInTest}`,
    body: {
      items: [{ optionId: optionIds[iterationInTest % optionIds.length], quantity: 1 }],
      pay: true,
    },
  })
}

export function teardown(goods: Goods): void {
  checkBooks(soldAndFree(goods))
}

export function handleSummary(data: RunData) {
  const { lines, breakpoint } = stairsOf(steps, data)
  return summarize(data, { lines, facts: { breakpoint }, isSought: isOfStep })
}
