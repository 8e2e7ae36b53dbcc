import type { MikroORM } from '@mikro-orm/postgresql'
import type { Logger } from 'pino'
import type { RedisClient } from '../src/redis/client.ts'
import { countDrainFailure } from '../src/telemetry/drain-metrics.ts'
import type { EventTraces } from '../src/telemetry/drain-spans.ts'
import { type Drained, drainOutbox } from './drain-outbox.ts'
import { openOutages } from './outages.ts'
import { openSeenUsers } from './seen-users.ts'

/** Drains a shop, until the signal says that the process stops. What goes wrong is in the log already. */
export type DrainShop = (shop: string, signal: AbortSignal) => Promise<Drained>

/** Opens the drain of a worker process, which says once what keeps the events of a shop, whoever asks for them. */
export function openDrainShop(parts: {
  orm: MikroORM
  redis: RedisClient
  log: Logger
  traces?: EventTraces | undefined
  /** Called where a store of the shop has lost something: what it decides must stop at once. */
  restore: (shop: string) => Promise<void>
}): DrainShop {
  const { orm, redis, log, traces, restore } = parts
  const outages = openOutages(log)
  const seenUsers = openSeenUsers()
  return async (shop, signal) => {
    const what = `Bringing the events of shop ${shop} to Postgres (they are safe in Redis)`
    try {
      const drained = await drainOutbox({ orm, redis, shop, seenUsers, traces, signal })
      outages.ended(what)
      const { deadLetters, stoppedBy } = drained
      if (deadLetters > 0) log.error({ shop, deadLetters }, 'events became dead letters')
      if (stoppedBy) {
        seenUsers.forget()
        await restore(shop)
      }
      return drained
    } catch (error) {
      seenUsers.forget()
      countDrainFailure()
      outages.began(what, error)
      throw error
    }
  }
}
