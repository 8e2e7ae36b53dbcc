import { Unavailable } from '../domain/outcome.ts'
import type { RedisClient } from '../redis/client.ts'

/**
 * Sends one batch to the deciding script.
 *
 * @returns the reply as it came.
 * @throws Unavailable where Redis is gone or does not answer in time. The effect of the batch is then unknown.
 */
export async function sendBatch(
  redis: RedisClient,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown[]> {
  try {
    return (await redis.decide(keys.length, ...keys, ...args)) as unknown[]
  } catch (cause) {
    throw new Unavailable('Redis did not decide', { cause })
  }
}
