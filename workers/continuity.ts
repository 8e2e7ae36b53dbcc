import type { Database } from '../src/db/database.ts'
import { ensureShop, findWatermark, type Watermark } from '../src/db/shops.ts'
import { trimOutbox } from '../src/engine/trim-outbox.ts'
import type { RedisClient } from '../src/redis/client.ts'
import type { OutboxEntry } from '../src/rows/outbox-entry.ts'
import type { Position } from './commit-batch.ts'
import { readOutbox } from './outbox-entries.ts'

/**
 * Why a shop cannot go on as it is. What `redis` has lost is rebuilt from Postgres; what `postgres` has lost no rebuild
 * brings back, so nothing is touched until a person has looked.
 */
export class Discontinuity {
  readonly lost: 'redis' | 'postgres'
  readonly because: string

  constructor(lost: 'redis' | 'postgres', because: string) {
    this.lost = lost
    this.because = because
  }
}

type Place = { redis: RedisClient; db: Database; shop: string }

/**
 * Finds where the drain of a shop goes on, trims what a drain has committed that did not live to trim it, and looks
 * whether the two stores continue one another: both know the epoch, and both count the events that left the outbox,
 * which only what Postgres has may do. A store that went back in time (a backup, a replica that was behind) counts
 * fewer.
 */
export async function findPosition(place: Place): Promise<Position | Discontinuity> {
  const { db, shop } = place
  const { watermark, found } = await trimPersisted(place)
  if (found === 'lost') return new Discontinuity('redis', 'the outbox is missing')
  if (found.missingKeys > 0) {
    return new Discontinuity('redis', `${found.missingKeys} keys of the hot state are missing`)
  }
  const events = watermark.events ?? found.removed
  if (found.removed < events) {
    const missing = events - found.removed
    return new Discontinuity('redis', `the hot state lacks ${missing} events that Postgres has`)
  }
  if (found.epoch < watermark.epoch) {
    const epochs = `${found.epoch}, not ${watermark.epoch}`
    return new Discontinuity('redis', `the hot state is of epoch ${epochs}`)
  }
  if (found.epoch > watermark.epoch || found.removed > events) {
    // Unless a rebuild or another drain went on meanwhile, Postgres has lost what it had.
    const now = await findOrMakeWatermark(db, shop)
    if (now.epoch < found.epoch || (now.events ?? events) < found.removed) {
      return new Discontinuity(
        'postgres',
        `Postgres has ${now.events} events in epoch ${now.epoch}, and had ${found.removed} in epoch ${found.epoch}`,
      )
    }
  }
  return { ...watermark, events }
}

/**
 * Why what the outbox still holds does not fit behind what Postgres has: it was decided without events that Postgres
 * has, or behind events that Postgres has lost. Null where it fits.
 */
export async function findMisfit(place: Place): Promise<string | null> {
  const { watermark, found } = await trimPersisted(place)
  if (found === 'lost' || watermark.events === null || found.removed === watermark.events)
    return null
  if (found.removed < watermark.events) {
    return 'decided by a hot state that lacked events which Postgres has'
  }
  // A drain that went on meanwhile counts first, and only then trims.
  const now = await findOrMakeWatermark(place.db, place.shop)
  if ((now.events ?? 0n) >= found.removed) return null
  return 'decided behind events that Postgres had and has lost'
}

/** Trims what Postgres has, also of a drain that did not live to trim it. */
async function trimPersisted({ redis, db, shop }: Place) {
  const watermark = await findOrMakeWatermark(db, shop)
  while (true) {
    const committed = await readOutbox(redis, shop, { upTo: watermark.streamId })
    // Never beyond the watermark, whatever a broken connection makes of an answer.
    const last = committed.at(-1)
    const eventId = last && last.eventId < watermark.eventId ? last.streamId : watermark.streamId
    const found = await trimOutbox(redis, { shop, eventId, userIds: usersOf(committed) })
    if (found === 'lost' || found.trimmed === 0) return { watermark, found }
  }
}

/** The users with an order event among these entries. */
export function usersOf(entries: readonly OutboxEntry[]): string[] {
  const userIds = new Set<string>()
  for (const { event } of entries) {
    if (event?.type.startsWith('order_')) userIds.add((event.data as { userId: string }).userId)
  }
  return [...userIds]
}

async function findOrMakeWatermark(db: Database, shop: string): Promise<Watermark> {
  const watermark = await findWatermark(db, shop)
  if (watermark) return watermark
  await ensureShop(db, shop)
  return (await findWatermark(db, shop)) as Watermark
}
