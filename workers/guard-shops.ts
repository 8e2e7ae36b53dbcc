import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { shopKey } from '../src/redis/keys.ts'
import { repeat } from '../src/services/repeat.ts'
import type { DrainShop } from './drain-shop.ts'
import { openOutages } from './outages.ts'

/**
 * Looks after every shop, in every worker process, by a plain timer: what needs the queue to work cannot be what
 * notices that the queue does not.
 *
 * A drained event leaves its stream at once, so an outbox whose oldest event is the same as in the look before does
 * not move: its wake-up was lost, or its drain failed or hangs. The queue is asked for another drain; where that does
 * not help either, this process drains by itself. It may, because the watermark fences all drains but one.
 *
 * @param options.connected resolves when Redis has been reached, or has not: a look before that would find an outage.
 * @param options.rescue asks the queue for a drain, past whatever seems to be in its way.
 * @param options.restore finds out whether the shop's hot state has to be rebuilt, and does it. It may take long: the
 *   looks at other shops do not wait for it.
 * @returns `close`, which resolves when what is under way has ended.
 */
export function guardShops(options: {
  redis: RedisClient
  log: Logger
  knownShops: () => Promise<string[]>
  rescue: (shop: string) => Promise<void>
  drain: DrainShop
  restore?: (shop: string, signal: AbortSignal) => Promise<void>
  connected?: Promise<void>
}): { close(): Promise<void> } {
  const { redis, log, knownShops, rescue, drain, restore, connected } = options
  const outages = openOutages(log)
  const stop = new AbortController()
  const { signal } = stop
  const inLane = openLanes(limits.guardTasksMax)
  const stuck = new Map<string, { oldest: string; isAsked: boolean }>()
  const visits = new Map<string, Promise<void>>()

  /** Does it, and says once that it fails and once that it works again. */
  async function attempt(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await task()
      outages.ended(what)
    } catch (error) {
      if (!signal.aborted) outages.began(what, error)
    }
  }

  async function oldestOf(shop: string): Promise<string | undefined> {
    const [first] = await redis.xrange(shopKey(shop, 'outbox'), '-', '+', 'COUNT', 1)
    return first?.[0]
  }

  async function look(): Promise<void> {
    const shops = await knownShops()
    const looks = await Promise.allSettled(
      shops.map(async (shop) => {
        const oldest = await oldestOf(shop)
        if (!visits.has(shop)) {
          visits.set(
            shop,
            visit(shop, oldest).finally(() => visits.delete(shop)),
          )
        }
      }),
    )
    const failed = looks.find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason
  }

  async function visit(shop: string, oldest: string | undefined): Promise<void> {
    await move(shop, oldest)
    if (restore && !signal.aborted) {
      await attempt(`Restoring shop ${shop}`, () => inLane(() => restore(shop, signal)))
    }
  }

  async function move(shop: string, oldest: string | undefined): Promise<void> {
    const known = stuck.get(shop)
    if (oldest === undefined) stuck.delete(shop)
    else if (known?.oldest !== oldest) stuck.set(shop, { oldest, isAsked: false })
    else if (!known.isAsked) {
      known.isAsked = true
      // A queue that does not answer must not keep us: the next look is the answer.
      void attempt('Asking the queue for drains', () => rescue(shop))
    } else await drainHere(shop, oldest)
  }

  async function drainHere(shop: string, oldest: string): Promise<void> {
    try {
      // All worker processes see the same, and one that does something is enough.
      await wait(Math.random() * limits.upkeepIntervalMs, undefined, { signal })
      if ((await oldestOf(shop)) !== oldest) return
      await inLane(async () => {
        while ((await drain(shop, signal)).more && !signal.aborted);
      })
    } catch {
      // What stops a drain is in the log, and the next look tries again.
    }
  }

  const looks = repeat(async () => {
    await connected
    await attempt('Looking after the shops', look)
  }, limits.upkeepIntervalMs)
  return {
    async close() {
      stop.abort()
      await looks.close()
      await Promise.all(visits.values())
    },
  }
}

/** Lets so many tasks run at once; the others wait in line. */
function openLanes(count: number): (task: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = []
  let free = count
  return async (task) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}
