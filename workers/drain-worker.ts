import type { MikroORM } from '@mikro-orm/postgresql'
import { Worker } from 'bullmq'
import type { Logger } from 'pino'
import { limits } from '../src/limits.ts'
import { type DrainJob, queueNames } from '../src/queue/jobs.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { queuePrefix } from '../src/redis/keys.ts'
import { drainOutbox } from './drain-outbox.ts'
import { openOutages, queueFails } from './outages.ts'

/** Takes the jobs of the drain queue. */
export function startDrainWorker(options: {
  connection: RedisClient
  orm: MikroORM
  redis: RedisClient
  log: Logger
  wake: (shop: string) => void
}): { close(): Promise<void> } {
  const { connection, orm, redis, log, wake } = options
  const outages = openOutages(log)
  const stop = new AbortController()

  const worker = new Worker<DrainJob>(
    queueNames.drain,
    async ({ data: { shop } }) => {
      const what = `Bringing the events of shop ${shop} to Postgres (they are safe in Redis)`
      try {
        const drained = await drainOutbox({ orm, redis, shop, signal: stop.signal })
        outages.ended(what)
        if (drained.deadLetters > 0) {
          log.error({ shop, deadLetters: drained.deadLetters }, 'events became dead letters')
        }
        if (drained.more && !stop.signal.aborted) wake(shop)
      } catch (error) {
        outages.began(what, error)
        throw error
      }
    },
    {
      connection,
      prefix: queuePrefix,
      concurrency: limits.drainsMax,
      runRetryDelay: limits.queueRetryMs,
    },
  )
  worker.on('error', queueFails(log, connection))

  return {
    async close() {
      stop.abort()
      await worker.close()
    },
  }
}
