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
   * @throws Unavailable where Redis does not answer.
   */
  begin(guesser: Guesser): Promise<Attempt>
}

/** The seconds until a guesser may try again; or he may now, and takes the attempt back where its code was one. */
export type Attempt = { waitSeconds: number } | { waitSeconds: null; succeed(): Promise<void> }

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
      const counted: GiveBack[] = []
      try {
        for (const [count, key] of countsOf(guesser)) {
          const answer = await count.consume(key)
          if (typeof answer === 'number') return { waitSeconds: answer }
          counted.push(answer)
        }
      } catch (cause) {
        throw new Unavailable('Redis did not count a guess', { cause })
      }
      return {
        waitSeconds: null,
        async succeed() {
          // The claim stands whatever becomes of the count.
          await Promise.all(counted.map((giveBack) => giveBack())).catch(() => {})
        },
      }
    },
  }
}

type GiveBack = () => Promise<unknown>

type LockingCount = {
  /** The seconds to wait, or what takes the attempt back. */
  consume(key: string): Promise<number | GiveBack>
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
        const { msBeforeNext } = await guesses.consume(key)
        const endsAtMs = performance.now() + msBeforeNext
        // Given back to the next count, it would be one guess more there.
        return async () => performance.now() < endsAtMs && guesses.reward(key)
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
  }
}
