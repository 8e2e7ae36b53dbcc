import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { codeGuessesPrefix, codeLockoutsPrefix } from '../redis/keys.ts'

/** Counts the bad codes of users and addresses, in all API processes together. */
export type CodeGuesses = {
  /**
   * Counts an attempt before it is made, so that many at once are not all the first.
   *
   * @returns the seconds until the guesser may try again, or null where he may now.
   * @throws Unavailable where Redis does not answer.
   */
  begin(guesser: Guesser): Promise<number | null>
  /** Takes the attempt back: its code was one. */
  succeed(guesser: Guesser): Promise<void>
}

/** Who tries a code; his address counts too where it is known, because one person can have many users. */
export type Guesser = { shop: string; userId: string; address: string | null }

/** Opens the count. It lies beside the hot state of the shop, and leaves Redis by itself. */
export function openCodeGuesses(redis: RedisClient): CodeGuesses {
  const ofUser = openLockingCount(redis, 'user', limits.codeGuessesMax)
  const ofAddress = openLockingCount(redis, 'address', limits.codeGuessesPerAddressMax)
  const countsOf = ({ shop, userId, address }: Guesser) => {
    const counts: [count: LockingCount, key: string][] = [[ofUser, `${shop}:${userId}`]]
    if (address !== null) counts.push([ofAddress, address])
    return counts
  }
  return {
    async begin(guesser) {
      try {
        for (const [count, key] of countsOf(guesser)) {
          const waitSeconds = await count.consume(key)
          if (waitSeconds !== null) return waitSeconds
        }
        return null
      } catch (cause) {
        throw new Unavailable('Redis did not count a guess', { cause })
      }
    },
    async succeed(guesser) {
      // The claim stands whatever becomes of the count.
      await Promise.all(countsOf(guesser).map(([count, key]) => count.giveBack(key))).catch(
        () => {},
      )
    },
  }
}

type LockingCount = {
  consume(key: string): Promise<number | null>
  giveBack(key: string): Promise<unknown>
}

/** A count that locks out whoever reaches its end, twice as long with each time within a day. */
function openLockingCount(redis: RedisClient, kind: string, points: number): LockingCount {
  const store = { storeClient: redis, points }
  const guesses = new RateLimiterRedis({
    ...store,
    keyPrefix: `${codeGuessesPrefix}:${kind}`,
    duration: limits.codeGuessesSeconds,
  })
  const lockouts = new RateLimiterRedis({
    ...store,
    keyPrefix: `${codeLockoutsPrefix}:${kind}`,
    duration: limits.codeLockoutSecondsMax,
  })

  return {
    async consume(key) {
      try {
        await guesses.consume(key)
        return null
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        // Only one of many at once is the first too many.
        if (refusal.consumedPoints !== points + 1) return Math.ceil(refusal.msBeforeNext / 1_000)
        const { consumedPoints: times } = await lockouts.penalty(key)
        const seconds = limits.codeGuessesSeconds * 2 ** (times - 1)
        const waitSeconds = Math.min(seconds, limits.codeLockoutSecondsMax)
        await guesses.block(key, waitSeconds)
        return waitSeconds
      }
    },
    giveBack: (key) => guesses.reward(key),
  }
}
