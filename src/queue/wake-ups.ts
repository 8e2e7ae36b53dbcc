import { setTimeout as wait } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { limits } from '../limits.ts'
import { queuePrefix } from '../redis/keys.ts'
import { connectQueue } from './connection.ts'
import { type DrainJob, drainJobOptions, oneDrainPerShop, queueNames } from './jobs.ts'

export type WakeUps = {
  /** Asks for a drain of the shop, soon. It never fails and never blocks: a lost wake-up is for `rescue`. */
  wake(shop: string): void
  /**
   * Asks for a drain past the job that stands for the shop's drain: it may hang, have stalled, or wait for a time that
   * a step of the clock has put off. Wake-ups then go by the new job.
   *
   * @throws what the queue answers instead.
   */
  rescue(shop: string): Promise<void>
  /** Sends what was asked for and not sent yet, then closes. */
  close(): Promise<void>
}

/**
 * Opens the way from accepted decisions to the drain. A sale accepts thousands of decisions per second, and one job
 * brings them all to Postgres: per shop, one wake-up is under way at a time, and at most one per interval.
 */
export function openWakeUps(redisUrl: string): WakeUps {
  const connection = connectQueue(redisUrl, 'producer')
  const queue = new Queue<DrainJob>(queueNames.drain, {
    connection,
    prefix: queuePrefix,
    skipWaitingForReady: true,
    defaultJobOptions: drainJobOptions,
  })
  queue.on('error', () => {})

  /** Shops that were woken just now, and whether they were asked for again since. */
  const recent = new Map<string, { isAskedAgain: boolean }>()
  const underWay = new Set<Promise<void>>()
  let isClosing = false

  function add(shop: string) {
    return queue.add('drain', { shop }, { deduplication: oneDrainPerShop(shop) })
  }

  function send(shop: string): Promise<void> {
    const sent = add(shop).then(
      () => {},
      () => {},
    )
    underWay.add(sent)
    return sent.finally(() => underWay.delete(sent))
  }

  async function wakeUntilQuiet(shop: string): Promise<void> {
    const state = { isAskedAgain: true }
    recent.set(shop, state)
    while (state.isAskedAgain && !isClosing) {
      state.isAskedAgain = false
      await send(shop)
      await wait(limits.wakeUpIntervalMs)
    }
    if (!isClosing) recent.delete(shop)
  }

  return {
    wake(shop) {
      const state = recent.get(shop)
      if (state) state.isAskedAgain = true
      else if (!isClosing) void wakeUntilQuiet(shop)
    },
    async rescue(shop) {
      await queue.removeDeduplicationKey(shop)
      await add(shop)
    },
    async close() {
      isClosing = true
      for (const [shop, { isAskedAgain }] of recent) {
        if (isAskedAgain) void send(shop)
      }
      await Promise.all(underWay)
      await queue.close()
      connection.disconnect()
    },
  }
}
