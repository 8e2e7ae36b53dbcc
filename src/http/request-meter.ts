import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { requestCountsPrefix } from '../redis/keys.ts'

/** What is left to one sender in the running window; less than nothing is a request too many. */
export type Allowance = { left: number; resetSeconds: number }

/** Counts the requests of many senders, in all API processes together. */
export type RequestMeter = {
  /** The name and what it grants, as the headers of an answer tell it. */
  name: string
  policy: string
  /** Counts a request, where it is not one too many. */
  take(sender: string): Allowance
}

type Count = { used: number; untold: number }

/**
 * Opens a count of requests for each window of a minute.
 *
 * A request must not pay for a call to Redis of its own: a refusal of a sold-out coupon makes none at all. So each
 * process counts by itself, and tells Redis only of a sender who has made a share of what he may, then again after
 * each further share. What Redis answers is the count of all processes, and holds from then on. Nobody waits for it,
 * so a sender may get one share more from each process than he should, and an outage of Redis leaves each with its own
 * count. Almost all senders stay below the first share, and Redis never hears of them.
 *
 * @param max requests of one sender in a window.
 */
export function openRequestMeter(
  redis: RedisClient,
  { name, max }: { name: string; max: number },
): RequestMeter {
  const shared = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: `${requestCountsPrefix}:${name}`,
    points: max,
    duration: limits.requestWindowSeconds,
    rejectIfRedisNotReady: true,
  })
  const share = Math.ceil(max * limits.requestsUntoldShare)
  const windowMs = limits.requestWindowSeconds * 1_000
  let window = 0
  let counts = new Map<string, Count>()

  function tell(sender: string, count: Count): void {
    const points = count.untold
    count.untold = 0
    const learn = (answer: unknown) => {
      // What is no count is an outage: our own goes on.
      if (!(answer instanceof RateLimiterRes)) return
      count.used = Math.max(count.used, answer.consumedPoints + count.untold)
    }
    // Windows begin at the same time for everybody, so that every process tells of the same one.
    shared.consume(`${window}:${sender}`, points).then(learn, learn)
  }

  return {
    name,
    policy: `"${name}";q=${max};w=${limits.requestWindowSeconds}`,
    take(sender) {
      const nowMs = Date.now()
      const current = Math.floor(nowMs / windowMs)
      // Forgetting all is milder than refusing somebody new, and Redis still knows who made many.
      if (current !== window || counts.size >= limits.requestSendersMax) {
        window = current
        counts = new Map()
      }
      let count = counts.get(sender)
      if (!count) {
        count = { used: 0, untold: 0 }
        counts.set(sender, count)
      }
      const resetSeconds = Math.ceil(((current + 1) * windowMs - nowMs) / 1_000)
      if (count.used >= max) return { left: -1, resetSeconds }
      count.used++
      count.untold++
      if (count.untold >= share) tell(sender, count)
      return { left: Math.max(0, max - count.used), resetSeconds }
    },
  }
}
