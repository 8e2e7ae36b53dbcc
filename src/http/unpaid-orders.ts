import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { unpaidOrdersPrefix } from '../redis/keys.ts'
import { openGenerations } from './generations.ts'

/**
 * Counts the orders that users place and do not pay, in all API processes together: whoever places them over and over,
 * or cancels and comes again, keeps units from buyers for as long as he likes.
 */
export type UnpaidOrders = {
  /** The seconds until the user may place an order without paying it at once, or null where he may now. */
  waitSeconds(user: ShopUser): number | null
  /** Counts an order that was accepted unpaid. */
  count(user: ShopUser): void
  /** Takes it back: the order is paid. */
  forgive(user: ShopUser): void
}

type ShopUser = { shop: string; userId: string }

/**
 * Opens the count. An order is counted when it was accepted, so that a repeated request still gets its answer; the
 * processes then know by the reply who has had too many, and each may accept one more before it does.
 *
 * @param max unpaid orders of a user in a day.
 */
export function openUnpaidOrders(redis: RedisClient, max: number): UnpaidOrders {
  const orders = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: unpaidOrdersPrefix,
    points: max,
    duration: limits.unpaidOrdersSeconds,
    rejectIfRedisNotReady: true,
  })
  const waitingUntilMs = openGenerations<number>(limits.unpaidUsersMax)
  const keyOf = ({ shop, userId }: ShopUser) => `${shop}:${userId}`

  /** What is no count is an outage: nobody is refused for that. */
  function learn(key: string, answer: unknown): void {
    if (!(answer instanceof RateLimiterRes)) return
    const isOver = answer.consumedPoints >= max
    if (isOver) waitingUntilMs.set(key, Date.now() + answer.msBeforeNext)
    else if (waitingUntilMs.get(key) !== undefined) waitingUntilMs.set(key, 0)
  }

  return {
    waitSeconds(user) {
      const untilMs = waitingUntilMs.get(keyOf(user))
      if (untilMs === undefined || untilMs <= Date.now()) return null
      return Math.ceil((untilMs - Date.now()) / 1_000)
    },
    count(user) {
      const key = keyOf(user)
      const note = (answer: unknown) => learn(key, answer)
      orders.consume(key).then(note, note)
    },
    forgive(user) {
      const key = keyOf(user)
      orders.reward(key).then(
        (answer) => learn(key, answer),
        () => {},
      )
    },
  }
}
