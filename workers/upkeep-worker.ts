import type { MikroORM } from '@mikro-orm/postgresql'
import { Queue, Worker } from 'bullmq'
import type { Logger } from 'pino'
import type { Engine } from '../src/engine/engine.ts'
import { forgetFinished } from '../src/engine/forget-finished.ts'
import { limits } from '../src/limits.ts'
import {
  type DrainJob,
  drainJobOptions,
  oneRescuePerShop,
  queueNames,
  type UpkeepJobName,
} from '../src/queue/jobs.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { queuePrefix } from '../src/redis/keys.ts'
import { expireLapsedCoupons } from './expire-coupons.ts'
import { openKnownShops } from './known-shops.ts'
import { openOutages, queueFails } from './outages.ts'
import { snapshotRankings } from './snapshot-rankings.ts'
import { sweepHolds } from './sweep-holds.ts'
import { openWatchdog } from './watch-outboxes.ts'

/** Schedules the upkeep, once for all worker processes together, and takes its jobs. */
export function startUpkeepWorker(options: {
  connection: RedisClient
  orm: MikroORM
  redis: RedisClient
  engine: Engine
  log: Logger
}): { close(): Promise<void> } {
  const { connection, orm, redis, engine, log } = options
  const outages = openOutages(log)
  const queueOptions = { connection, prefix: queuePrefix }
  const drains = new Queue<DrainJob>(queueNames.drain, queueOptions)
  const upkeep = new Queue<null, void, UpkeepJobName>(queueNames.upkeep, queueOptions)
  const knownShops = openKnownShops(orm)
  const watch = openWatchdog(redis, (shop) =>
    drains.add(
      'drain',
      { shop },
      {
        ...drainJobOptions,
        // The watchdog asks again by itself.
        attempts: 1,
        deduplication: oneRescuePerShop(shop, limits.rescueIntervalMs),
      },
    ),
  )

  const upkeepOf: Record<UpkeepJobName, (shops: string[]) => Promise<unknown>> = {
    'sweep-holds': (shops) => sweepHolds(engine, shops),
    'expire-coupons': (shops) => expireLapsedCoupons({ orm, engine }, shops),
    'forget-finished': (shops) => Promise.all(shops.map((shop) => forgetFinished(redis, { shop }))),
    'snapshot-rankings': () => snapshotRankings({ redis, orm }),
    watchdog: watch,
  }
  const names = Object.keys(upkeepOf) as UpkeepJobName[]

  const worker = new Worker<null, void, UpkeepJobName>(
    queueNames.upkeep,
    async ({ name }) => {
      const what = `The ${name} job`
      try {
        const shops = await knownShops()
        await upkeepOf[name](shops)
        outages.ended(what)
      } catch (error) {
        // The next round is its retry.
        outages.began(what, error)
      }
    },
    // A long job must not keep the others waiting.
    { ...queueOptions, concurrency: names.length, runRetryDelay: limits.queueRetryMs },
  )
  const fails = queueFails(log, connection)
  worker.on('error', fails)
  upkeep.on('error', fails)
  drains.on('error', fails)

  async function schedule(name: UpkeepJobName): Promise<void> {
    await upkeep.upsertJobScheduler(
      name,
      {
        every: name === 'snapshot-rankings' ? limits.snapshotIntervalMs : limits.upkeepIntervalMs,
      },
      { name, data: null, opts: { removeOnComplete: true, removeOnFail: true } },
    )
  }
  // A schedule lives from one of its jobs to the next, so an outage of Redis can end it: it is made anew after each.
  connection.on('ready', () => {
    Promise.all(names.map(schedule)).catch(fails)
  })

  return {
    async close() {
      await worker.close()
      await Promise.all([upkeep.close(), drains.close()])
    },
  }
}
