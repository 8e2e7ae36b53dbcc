import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKeys } from '../redis/keys.ts'

/**
 * Drops records of finished operations that no repeated request can ask for any more. Postgres has them.
 *
 * @returns how many were dropped in this part of the records; a closed shop drops none.
 */
export async function forgetFinished(
  redis: RedisClient,
  command: { shop: string },
): Promise<{ forgotten: number }> {
  const keys = shopKeys(command.shop)
  const bounds = [limits.idempotencyRetentionMs, limits.forgetScannedMax, limits.rankingDaysMax]
  const forgotten = await redis.forgetFinished(keys.length, ...keys, ...bounds.map(String))
  return { forgotten: Math.max(0, Number(forgotten)) }
}
