import type { RedisClient } from './client.ts'
import { shopKey } from './keys.ts'

/**
 * The clock of the Redis that decides for a shop and dates its events, in ms since 1970. `TIME` alone would ask any
 * node of a cluster, also one that is gone.
 */
export async function clockOf(redis: RedisClient, shop: string): Promise<number> {
  const answer = await redis.eval("return redis.call('TIME')", 1, shopKey(shop, 'outbox'))
  const [seconds, microseconds] = answer as [string, string]
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000
}
