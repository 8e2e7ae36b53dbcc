import { Worker } from 'bullmq'
import type { Logger } from 'pino'
import { limits } from '../src/limits.ts'
import { type DrainJob, queueNames } from '../src/queue/jobs.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { queuePrefix } from '../src/redis/keys.ts'
import { countJobs } from '../src/telemetry/queue-metrics.ts'
import type { DrainShop } from './drain-shop.ts'
import { queueFails } from './outages.ts'

/** Takes the jobs of the drain queue. */
export function startDrainWorker(options: {
  connection: RedisClient
  log: Logger
  drain: DrainShop
  wake: (shop: string) => void
}): { close(): Promise<void> } {
  const { connection, log, drain, wake } = options
  const stop = new AbortController()

  const worker = new Worker<DrainJob>(
    queueNames.drain,
    async ({ data: { shop } }) => {
      const { more } = await drain(shop, stop.signal)
      if (more && !stop.signal.aborted) wake(shop)
    },
    {
      connection,
      prefix: queuePrefix,
      concurrency: limits.drainsMax,
      runRetryDelay: limits.queueRetryMs,
    },
  )
  countJobs(worker)
  worker.on('error', queueFails(log, connection))

  return {
    async close() {
      stop.abort()
      await worker.close()
    },
  }
}
