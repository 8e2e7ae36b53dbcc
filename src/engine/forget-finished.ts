import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'

/**
 * Drops records of finished operations that no repeated request can ask for any more. Postgres has them.
 *
 * @returns how many were dropped in this part of the records; a closed shop drops none.
 */
export async function forgetFinished(
  engine: Engine,
  command: { shop: string },
): Promise<{ forgotten: number }> {
  const [status, forgotten] = await engine.decide(command.shop, 'forget-finished', {
    retentionMs: limits.idempotencyRetentionMs,
    scannedMax: limits.forgetScannedMax,
    rankingDaysMax: limits.rankingDaysMax,
  })
  return { forgotten: status === 'forgotten' ? Number(forgotten) : 0 }
}
