import type { Engine } from '../src/engine/engine.ts'
import { reapAllHolds } from '../src/engine/reap-holds.ts'

/**
 * Expires the pending orders of these shops whose deadline has passed. It only tidies: a decision that finds too
 * little reaps for itself. What one sweep leaves is for the next.
 */
export async function sweepHolds(engine: Engine, shops: readonly string[]): Promise<void> {
  for (const shop of shops) await reapAllHolds(engine, { shop })
}
