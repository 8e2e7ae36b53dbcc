import { droppedMax, latencyMs } from './environment.ts'
import type { Thresholds } from './outcomes.ts'
import { crossedThresholds, millisecondsOf, type RunData, tableOf } from './summary.ts'

/** One step of a staircase, which is a k6 scenario of its own, so that k6 tags all its results with its name. */
export type Step = {
  name: string
  ratePerSecond: number
  durationSeconds: number
  startSeconds: number
}

const metricOf = (metric: string, { name }: Step) => `${metric}{scenario:${name}}`

/** Whether a metric belongs to a single step. */
export function isOfStep(metric: string): boolean {
  return metric.includes('{scenario:')
}

/**
 * What a step must hold, or the run ends: a step is judged once half of it is over, because the first answers of so
 * many new connections say little. One in a hundred may fail.
 */
export function stepThresholds(step: Step): Thresholds {
  const { ratePerSecond, durationSeconds, startSeconds } = step
  const arrivalCount = ratePerSecond * durationSeconds
  const abort = (threshold: string) => [
    { threshold, abortOnFail: true, delayAbortEval: `${startSeconds + durationSeconds / 2}s` },
  ]
  return {
    [metricOf('orders_accepted', step)]: ['count>=0'],
    [metricOf('orders_accepted_ms', step)]: abort(`p(95)<${latencyMs}`),
    [metricOf('orders_failed', step)]: abort(`count<=${Math.ceil(arrivalCount / 100)}`),
    [metricOf('dropped_iterations', step)]: abort(`count<=${droppedMax(arrivalCount)}`),
  }
}

/** What the staircase has shown: the last step that held, and the one that did not with the reasons. */
export function stairsOf(steps: Step[], data: RunData) {
  const { metrics } = data
  const crossed = crossedThresholds(data)
  const countOf = (metric: string, step: Step) => metrics[metricOf(metric, step)]?.values.count ?? 0
  const climbed = steps.filter(
    (step) => countOf('orders_accepted', step) + countOf('orders_failed', step) > 0,
  )
  const reasonsOf = (step: Step) =>
    crossed.filter(({ metric }) => metric.endsWith(`{scenario:${step.name}}`))
  const broken = climbed.find((step) => reasonsOf(step).length > 0)
  const held = climbed.filter((step) => !broken || step.startSeconds < broken.startSeconds).at(-1)
  const breakpoint = {
    heldPerSecond: held?.ratePerSecond ?? null,
    brokePerSecond: broken?.ratePerSecond ?? null,
    reasons: broken ? reasonsOf(broken).map(({ text }) => text) : [],
  }
  const rows = climbed.map((step) => [
    String(step.ratePerSecond),
    String(countOf('orders_accepted', step)),
    String(countOf('orders_failed', step)),
    String(countOf('dropped_iterations', step)),
    millisecondsOf(metrics[metricOf('orders_accepted_ms', step)]?.values['p(95)']),
  ])
  const lines = [
    ...tableOf([['arrivals/s', 'accepted', 'failed', 'dropped', '95%'], ...rows]),
    '',
    held ? `held   ${held.ratePerSecond} arrivals per second` : 'held   no rate',
    broken
      ? `broke  ${broken.ratePerSecond} arrivals per second`
      : 'broke  not up to the last step: raise MAX_RATE',
    ...breakpoint.reasons.map((reason) => `  ${reason}`),
  ]
  return { lines, breakpoint }
}
