import { Rate, Trend } from 'k6/metrics'
import type { Thresholds } from './outcomes.ts'
import { type RunData, tableOf } from './summary.ts'

/**
 * Tells whether a quantity drifts away during a long run: a value of the last quarter has drifted where it is more
 * than twice the median of the first quarter plus the slack. Half of them may: a machine has its bad moments, a drift
 * is there to stay. The first quarter lies in the memory of the virtual user, so one alone has to watch.
 */
export function driftOf(name: string, slack: number) {
  const values = new Trend(name)
  const drifted = new Rate(`${name}_drifted`)
  const first: number[] = []
  return {
    name,
    /** @param progress how much of the run is over, from 0 to 1. */
    add(value: number, progress: number): void {
      const quarter = Math.floor(Math.min(progress, 0.99) * 4) + 1
      values.add(value, { quarter: String(quarter) })
      if (quarter === 1) first.push(value)
      if (quarter === 4) drifted.add(value > 2 * medianOf(first) + slack)
    },
    thresholds: {
      // They hold always, and make k6 keep these quarters apart.
      [`${name}{quarter:1}`]: ['min>=0'],
      [`${name}{quarter:4}`]: ['min>=0'],
      [`${name}_drifted`]: ['rate<=0.5'],
    } as Thresholds,
  }
}

/** A table with the first and the last quarter of every quantity. */
export function driftTable(names: string[], { metrics }: RunData): string[] {
  const stat = (metric: string, name: string) =>
    String(Math.round((metrics[metric]?.values[name] ?? 0) * 100) / 100)
  const rows = names.map((name) => [
    name,
    ...[1, 4].flatMap((quarter) =>
      ['med', 'p(95)'].map((value) => stat(`${name}{quarter:${quarter}}`, value)),
    ),
    stat(`${name}_drifted`, 'rate'),
  ])
  return tableOf([['watched', 'first median', '95%', 'last median', '95%', 'drifted'], ...rows])
}

function medianOf(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}
