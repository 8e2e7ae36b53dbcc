import { type Random, seededRandom } from '../src/demo/random.ts'

export type ChaosRandom = Random & {
  /** From 0 to 1. */
  share(): number
  /** One of them. */
  pick<T>(from: readonly T[]): T
  /** Time until the next of events that come `perSecond` times on average and know nothing of one another, in ms. */
  gapMs(perSecond: number): number
}

const steps = 1_000_000

/**
 * One of the independent sources of a run: what the schedule draws must not depend on what the load drew before,
 * because that depends on timing.
 */
export function randomOf(seed: number, purpose: string, number = 0): ChaosRandom {
  let mixed = Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)
  for (const letter of purpose) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193)
  const random = seededRandom(mixed)
  const share = () => random.between(0, steps) / steps
  return {
    ...random,
    share,
    pick: (from) => from[random.between(0, from.length - 1)] as (typeof from)[number],
    gapMs: (perSecond) => (-Math.log(1 - random.between(0, steps - 1) / steps) * 1_000) / perSecond,
  }
}
