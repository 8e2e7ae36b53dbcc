import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { codeGuessesPrefix } from '../redis/keys.ts'

/** Counts the bad codes of a user, in all API processes together. */
export type CodeGuesses = {
  /**
   * Counts an attempt before it is made, so that many at once are not all the first.
   *
   * @returns the seconds until the user may try again, or null where he may now.
   * @throws Unavailable where Redis does not answer.
   */
  begin(shop: string, userId: string): Promise<number | null>
  /** Takes the attempt back: its code was one. */
  succeed(shop: string, userId: string): Promise<void>
}

/** Opens the count. It lies beside the hot state of the shop, and leaves Redis by itself. */
export function openCodeGuesses(redis: RedisClient): CodeGuesses {
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: codeGuessesPrefix,
    points: limits.codeGuessesMax,
    duration: limits.codeGuessesSeconds,
  })
  return {
    async begin(shop, userId) {
      try {
        await limiter.consume(`${shop}:${userId}`)
        return null
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return Math.ceil(refusal.msBeforeNext / 1_000)
        throw new Unavailable('Redis did not count a guess', { cause: refusal })
      }
    },
    async succeed(shop, userId) {
      // The claim stands whatever becomes of the count.
      await limiter.reward(`${shop}:${userId}`).catch(() => {})
    },
  }
}
