import { setTimeout as wait } from 'node:timers/promises'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import { eventIdOf } from './event-id.ts'

/**
 * Waits until Postgres has every event that a shop's outbox holds at the call, so that a reader of rows finds what he
 * did before. It gives up after `limits.catchUpMs`: the rows are then a little behind, and still true.
 */
export type CatchUp = (shop: string) => Promise<void>

type Reader = {
  target: bigint
  deadline: number
  resolve: () => void
  reject: (e: unknown) => void
}

/**
 * Opens the wait for the drain. A drained event leaves its stream, so Redis alone tells how far Postgres is; however
 * many readers wait for a shop, one of them asks.
 *
 * @returns a function that throws where Redis does not answer.
 */
export function openCatchUp(redis: RedisClient): CatchUp {
  const readersOf = new Map<string, Set<Reader>>()

  async function letGo(shop: string, readers: Set<Reader>): Promise<void> {
    while (readers.size > 0) {
      await wait(limits.catchUpPollMs)
      const [oldest] = await redis.xrange(shopKey(shop, 'outbox'), '-', '+', 'COUNT', 1)
      for (const reader of readers) {
        const isPersisted = !oldest || eventIdOf(oldest[0]) > reader.target
        if (!isPersisted && performance.now() < reader.deadline) continue
        readers.delete(reader)
        reader.resolve()
      }
    }
    readersOf.delete(shop)
  }

  return async (shop) => {
    const deadline = performance.now() + limits.catchUpMs
    const [newest] = await redis.xrevrange(shopKey(shop, 'outbox'), '+', '-', 'COUNT', 1)
    if (!newest) return
    await new Promise<void>((resolve, reject) => {
      const reader = { target: eventIdOf(newest[0]), deadline, resolve, reject }
      const waiting = readersOf.get(shop)
      if (waiting) {
        waiting.add(reader)
        return
      }
      const readers = new Set([reader])
      readersOf.set(shop, readers)
      letGo(shop, readers).catch((error) => {
        readersOf.delete(shop)
        for (const failed of readers) failed.reject(error)
      })
    })
  }
}
