import type { MikroORM } from '@mikro-orm/postgresql'
import { Queue, Worker } from 'bullmq'
import type { Logger } from 'pino'
import type { Engine } from '../src/engine/engine.ts'
import { forgetFinished } from '../src/engine/forget-finished.ts'
import { limits } from '../src/limits.ts'
import { queueNames, type UpkeepJobName } from '../src/queue/jobs.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { queuePrefix } from '../src/redis/keys.ts'
import { repeat } from '../src/services/repeat.ts'
import { countJobs, openUpkeepFailures } from '../src/telemetry/queue-metrics.ts'
import { expireLapsedCoupons } from './expire-coupons.ts'
import { openOutages, queueFails } from './outages.ts'
import { snapshotRankings } from './snapshot-rankings.ts'
import { sweepHolds } from './sweep-holds.ts'

/** Schedules the upkeep, once for all worker processes together, and takes its jobs. */
export function startUpkeepWorker(options: {
  connection: RedisClient
  orm: MikroORM
  redis: RedisClient
  engine: Engine
  log: Logger
  knownShops: () => Promise<string[]>
}): { close(): Promise<void> } {
  const { connection, orm, redis, engine, log, knownShops } = options
  const outages = openOutages(log)
  const queueOptions = { connection, prefix: queuePrefix }
  const upkeep = new Queue<null, void, UpkeepJobName>(queueNames.upkeep, queueOptions)

  const upkeepOf: Record<UpkeepJobName, (shops: string[]) => Promise<unknown>> = {
    'sweep-holds': (shops) => sweepHolds(engine, shops),
    'expire-coupons': (shops) => expireLapsedCoupons({ orm, engine }, shops),
    'forget-finished': (shops) => Promise.all(shops.map((shop) => forgetFinished(redis, { shop }))),
    'snapshot-rankings': () => snapshotRankings({ redis, orm }),
  }
  const names = Object.keys(upkeepOf) as UpkeepJobName[]
  const countFailure = openUpkeepFailures(names)

  const worker = new Worker<null, void, UpkeepJobName>(
    queueNames.upkeep,
    async ({ name }) => {
      const what = `The ${name} job`
      try {
        const shops = await knownShops()
        // A newer version may have schedules that this one does not know.
        await upkeepOf[name]?.(shops)
        outages.ended(what)
      } catch (error) {
        // The next round is its retry.
        countFailure(name)
        outages.began(what, error)
      }
    },
    // A long job must not keep the others waiting.
    { ...queueOptions, concurrency: names.length, runRetryDelay: limits.queueRetryMs },
  )
  countJobs(worker)
  const fails = queueFails(log, connection)
  worker.on('error', fails)
  upkeep.on('error', fails)

  /**
   * A schedule lives from one of its jobs to the next. So an outage of Redis, the loss of its keys or a step of the
   * clock can end it, or put it off for as long as the step: then it is made anew.
   */
  async function renewSchedules(): Promise<void> {
    const nextOf = new Map((await upkeep.getJobSchedulers()).map(({ key, next }) => [key, next]))
    for (const name of names) {
      const every =
        name === 'snapshot-rankings' ? limits.snapshotIntervalMs : limits.upkeepIntervalMs
      const untilNextMs = (nextOf.get(name) ?? Number.NaN) - Date.now()
      if (Math.abs(untilNextMs - every / 2) < every / 2 + limits.scheduleSlackMs) continue
      await upkeep.removeJobScheduler(name)
      const opts = { removeOnComplete: true, removeOnFail: true }
      await upkeep.upsertJobScheduler(name, { every }, { name, data: null, opts })
    }
  }
  const renewals = repeat(async () => {
    try {
      await renewSchedules()
      outages.ended('Scheduling the upkeep')
    } catch (error) {
      if (connection.status === 'ready') outages.began('Scheduling the upkeep', error)
    }
  }, limits.upkeepIntervalMs)

  return {
    async close() {
      await Promise.all([renewals.close(), worker.close()])
      await upkeep.close()
    },
  }
}
