import type { MikroORM } from '@mikro-orm/postgresql'
import { databaseOf } from '../src/db/database.ts'
import { type DueDay, listDueDays, takeSnapshot } from '../src/db/rankings.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { shopKey } from '../src/redis/keys.ts'

const dayMs = 86_400_000

/** How much later than its decision an event may bear its time: the moment between two looks at the clock. */
const clockToleranceMs = 1_000

/**
 * Takes the snapshots of the UTC days that are over, the oldest first, in every shop that Postgres knows. A day is
 * over when Redis, whose clock dates the payments, says so and has no older event that Postgres lacks. Any number of
 * workers may do this at once.
 */
export async function snapshotRankings({ redis, orm }: { redis: RedisClient; orm: MikroORM }) {
  const [seconds] = await redis.time()
  const nowMs = Number(seconds) * 1_000
  for (const due of await listDueDays(databaseOf(orm), dateOf(nowMs))) {
    const untilMs = Math.min(nowMs, await persistedUntil(redis, due)) - clockToleranceMs
    const firstMs = Date.parse(due.date)
    for (let day = 0; day < limits.snapshotDaysMax; day++) {
      const startMs = firstMs + day * dayMs
      if (startMs + dayMs > untilMs) break
      await takeSnapshot(databaseOf(orm), due.shop, dateOf(startMs))
    }
  }
}

/** The time (ms) of the first event that Postgres did not have; without one, there is no end. */
async function persistedUntil(redis: RedisClient, { shop, streamId }: DueDay): Promise<number> {
  const key = shopKey(shop, 'outbox')
  const [first] = await redis.xrange(key, `(${streamId}`, '+', 'COUNT', 1)
  return first ? Number.parseInt(first[0], 10) : Number.POSITIVE_INFINITY
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10)
}
