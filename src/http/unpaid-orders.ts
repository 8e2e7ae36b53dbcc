import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { PlaceOrderOutcome } from '../engine/place-order.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { unpaidOrdersPrefix } from '../redis/keys.ts'
import { openGenerations } from './generations.ts'

/**
 * Counts the orders that users place and do not pay, in all API processes together: whoever places them over and over,
 * or cancels and comes again, keeps units from buyers for as long as he likes.
 */
export type UnpaidOrders = {
  /**
   * Places an order that is not paid at once, unless the user has had too many: then he has to wait so long. What
   * repeats an accepted order is not refused.
   */
  within(user: ShopUser, order: UnpaidOrder): Promise<PlaceOrderOutcome | { waitSeconds: number }>
  /** Takes one back: it is paid. */
  forgive(user: ShopUser): void
}

type ShopUser = { shop: string; userId: string }

type UnpaidOrder = {
  place: () => Promise<PlaceOrderOutcome>
  isRepeated: () => Promise<boolean>
}

/** The unpaid orders of a user in all processes, until the day is over that began with the first. */
type Count = { orders: number; endsAtMs: number }

const noCount: Count = { orders: 0, endsAtMs: 0 }

/**
 * Opens the count. An order is counted when it was accepted, so that a repeated request still gets its answer, and a
 * process knows by the reply how many the user has had. Until then it has only those that it has begun itself, so a
 * user may get as many from each process as he should from all.
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
  const counts = openGenerations<Count>(limits.unpaidUsersMax)
  /** Orders of users that were begun and are not counted yet. Who has none is not in it. */
  const begun = new Map<string, number>()
  const keyOf = ({ shop, userId }: ShopUser) => `${shop}:${userId}`

  /** What is no count is an outage: nobody is refused for that. */
  function learn(key: string, answer: unknown): void {
    if (!(answer instanceof RateLimiterRes)) return
    counts.set(key, { orders: answer.consumedPoints, endsAtMs: Date.now() + answer.msBeforeNext })
  }

  function waitSecondsOf(key: string): number | null {
    const nowMs = Date.now()
    const known = counts.get(key)
    const { orders, endsAtMs } = known && known.endsAtMs > nowMs ? known : noCount
    if (orders >= max) return Math.ceil((endsAtMs - nowMs) / 1_000)
    // Some of those that were begun may yet be refused.
    return orders + (begun.get(key) ?? 0) >= max ? 1 : null
  }

  function end(key: string): void {
    const left = (begun.get(key) ?? 0) - 1
    if (left > 0) begun.set(key, left)
    else begun.delete(key)
  }

  function count(key: string): void {
    const note = (answer: unknown) => {
      learn(key, answer)
      end(key)
    }
    orders.consume(key).then(note, note)
  }

  return {
    async within(user, { place, isRepeated }) {
      const key = keyOf(user)
      const waitSeconds = waitSecondsOf(key)
      if (waitSeconds !== null) return (await isRepeated()) ? place() : { waitSeconds }
      begun.set(key, (begun.get(key) ?? 0) + 1)
      let isHeld = false
      try {
        const outcome = await place()
        isHeld = outcome.ok && !outcome.replayed && outcome.value.status === 'PENDING'
        return outcome
      } finally {
        if (isHeld) count(key)
        else end(key)
      }
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
