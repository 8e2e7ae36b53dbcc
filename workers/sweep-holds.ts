import type { Engine } from '../src/engine/engine.ts'
import { reapHolds } from '../src/engine/reap-holds.ts'
import { limits } from '../src/limits.ts'

/**
 * Expires the pending orders of these shops whose deadline has passed. It only tidies: a decision that finds too
 * little reaps for itself. What one sweep leaves is for the next.
 *
 * @returns how many orders expired.
 */
export async function sweepHolds(engine: Engine, shops: readonly string[]): Promise<number> {
  let swept = 0
  for (const shop of shops) {
    for (let round = 0; round < limits.sweepRoundsMax; round++) {
      const { reaped, more } = await reapHolds(engine, { shop })
      swept += reaped
      if (!more) break
    }
  }
  return swept
}
