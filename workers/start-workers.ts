import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { openOrm } from '../src/db/orm.ts'
import { openEngine } from '../src/engine/engine.ts'
import { limits } from '../src/limits.ts'
import { connectQueue } from '../src/queue/connection.ts'
import { openWakeUps } from '../src/queue/wake-ups.ts'
import { connectRedis } from '../src/redis/client.ts'
import type { EventTraces } from '../src/telemetry/drain-spans.ts'
import { openDrainShop } from './drain-shop.ts'
import { startDrainWorker } from './drain-worker.ts'
import { guardShops } from './guard-shops.ts'
import { openKnownShops } from './known-shops.ts'
import { openOutages } from './outages.ts'
import { openRestore } from './restore-shops.ts'
import { startUpkeepWorker } from './upkeep-worker.ts'

/**
 * Starts all workers of a process. Neither Redis nor Postgres has to be there: they wait for the one and try again
 * with the other.
 *
 * @returns `close`, which finishes the batches under way before it resolves, or gives up after
 *   `limits.workersCloseMs`.
 */
export function startWorkers(options: {
  redisUrl: string
  databaseUrl: string
  holdMs: number
  log: Logger
  /** Follows the events of traced requests. Defaults to no traces. */
  traces?: EventTraces | undefined
}): { close(): Promise<void> } {
  const { redisUrl, databaseUrl, holdMs, log, traces } = options
  const orm = openOrm(databaseUrl)
  const redis = connectRedis(redisUrl, { name: 'worker' })
  const outages = openOutages(log)
  redis.on('error', (error) => outages.began('The connection to Redis', error))
  redis.on('ready', () => outages.ended('The connection to Redis'))
  const connected = redis.connect().catch(() => {}) // It goes on trying; the event above tells.
  const connection = connectQueue(redisUrl, 'worker')
  const wakeUps = openWakeUps(redisUrl)
  // A sweep appends events too.
  const engine = openEngine({ redis, holdMs, onAccepted: wakeUps.wake })
  const knownShops = openKnownShops(orm)
  const restore = openRestore({ redis, orm, log })
  const drain = openDrainShop({ orm, redis, log, traces, restore })
  const workers = [
    startUpkeepWorker({ connection, orm, redis, engine, log, knownShops }),
    startDrainWorker({ connection, log, drain, wake: wakeUps.wake }),
    guardShops({ redis, log, knownShops, rescue: wakeUps.rescue, drain, restore, connected }),
  ]

  return {
    async close() {
      // BullMQ waits for a Redis that is gone, and there is nothing to wait for: what was not finished comes again.
      const tooLate = new AbortController()
      await Promise.race([
        Promise.all(workers.map((worker) => worker.close())),
        wait(limits.workersCloseMs, undefined, { signal: tooLate.signal }).catch(() => {}),
      ])
      tooLate.abort()
      await wakeUps.close()
      connection.disconnect()
      redis.disconnect()
      await orm.close()
    },
  }
}
