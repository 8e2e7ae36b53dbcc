import type { Options, Scenario } from 'k6/options'
import { droppedMax, maxVus } from './environment.ts'
import type { Thresholds } from './outcomes.ts'

/** What all scenarios have in common. The proof of a large shop takes its time. */
export const common: Options = {
  setupTimeout: '5m',
  teardownTimeout: '10m',
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
}

type Arrivals = {
  ratePerSecond: number
  durationSeconds: number
  startSeconds?: number
  exec?: string
  answerMs?: number
}

/** Buyers who arrive at a fixed rate, whatever the engine does: nobody waits for the one before. */
export function arrivals({
  ratePerSecond,
  durationSeconds,
  startSeconds = 0,
  exec,
  answerMs,
}: Arrivals): Scenario {
  return {
    executor: 'constant-arrival-rate',
    rate: ratePerSecond,
    timeUnit: '1s',
    duration: `${durationSeconds}s`,
    startTime: `${startSeconds}s`,
    ...vusFor(ratePerSecond, answerMs),
    ...(exec !== undefined && { exec }),
  }
}

/**
 * Virtual users for this rate: from the start as many as answers that take so long would keep busy, and enough for a
 * pause of the machine, because one that has to be made first drops arrivals; then as many as it takes.
 */
export function vusFor(ratePerSecond: number, answerMs = 500) {
  const busy = Math.ceil((ratePerSecond * answerMs) / 1_000)
  return { preAllocatedVUs: Math.min(maxVus, Math.max(50, busy)), maxVUs: maxVus }
}

/** Arrivals are not dropped, but for a few. And no request may fail; refusals are no failures. */
export function everybodyServed(arrivalCount: number): Thresholds {
  return {
    dropped_iterations: [`count<=${droppedMax(arrivalCount)}`],
    http_req_failed: ['rate==0'],
  }
}

/**
 * Somebody has to come too late, or the run proves nothing of that.
 *
 * @param supply how much there is, and the variable that says so.
 * @throws Error where there is enough for all, so that the run ends before it begins.
 */
export function requireTooFew(supply: { name: string; count: number }, arrivalCount: number): void {
  if (supply.count < arrivalCount) return
  const isEnough = `${supply.name}=${supply.count} is enough for all ${Math.floor(arrivalCount)} arrivals`
  throw new Error(`${isEnough}: make it smaller, or RATE or DURATION_S larger.`)
}
