import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { eventIdOf } from '../db/event-id.ts'
import { findWatermark } from '../db/shops.ts'
import { recentEvents } from '../engine/read-orders.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import type { CheckRecord } from './check.ts'
import { scanHash } from './mirror.ts'
import { parseStreamInfo, run, type Shop, watermarkOf } from './shop.ts'

/**
 * Waits, but not for long, until the events that are in the outbox now are in Postgres.
 *
 * @returns whether they are.
 */
export async function drainedInTime(
  { redis, db, shop }: Shop,
  timeoutMs: number,
): Promise<boolean> {
  const target = await lastEntry(redis, shop)
  const deadline = performance.now() + timeoutMs
  while (eventIdOf(await watermarkOf(db, shop)) < eventIdOf(target)) {
    if (performance.now() > deadline) return false
    await wait(limits.verifyPauseMs)
  }
  return true
}

/** How many events Postgres does not have yet. The drain trims what it has, so few others are in the stream. */
export async function countBacklog({ redis, db, shop }: Shop): Promise<number> {
  const outbox = shopKey(shop, 'outbox')
  const watermark = await watermarkOf(db, shop)
  const [length, persisted] = (await run(
    redis.multi().xlen(outbox).xrange(outbox, '-', watermark, 'COUNT', limits.drainEventsMax),
  )) as [number, unknown[]]
  return length - persisted.length
}

/** The watermark is within the stream, no event was dropped before it was persisted, and none is a dead letter. */
export async function checkOutbox(place: Shop, check: CheckRecord): Promise<void> {
  await checkWatermark(place, check)
  await checkRecents(place, check)
}

async function checkWatermark({ redis, db, shop }: Shop, check: CheckRecord): Promise<void> {
  const before = await watermarkOf(db, shop)
  const { length, removed, lastId, deletedId } = parseStreamInfo(
    await redis.xinfo('STREAM', shopKey(shop, 'outbox')),
  )
  const row = 'outbox'
  check.count(3)
  if (eventIdOf(before) > eventIdOf(lastId)) {
    const fact = 'watermark, not beyond the last event'
    check.report([{ row, fact, actual: before, expected: lastId }])
  }
  // Only what Postgres has may leave the outbox, and Postgres counts it first.
  const persisted = (await findWatermark(db, shop))?.events ?? null
  if (persisted !== null && removed > persisted) {
    const fact = 'events that left it, persisted'
    check.report([{ row, fact, actual: String(persisted), expected: String(removed) }])
  }
  // A stream is empty because everything in it was persisted, or because it is new: its first entry was deleted.
  if (length === 0 && lastId !== deletedId) {
    const after = await watermarkOf(db, shop)
    if (eventIdOf(after) < eventIdOf(lastId)) {
      const fact = 'watermark of an empty outbox: later events are lost'
      check.report([{ row, fact, actual: after, expected: lastId }])
    }
  }
}

/** A recent event is one that Postgres lacks, and still in the stream. */
async function checkRecents({ redis, db, shop }: Shop, check: CheckRecord): Promise<void> {
  for await (const chunk of scanHash(redis, shopKey(shop, 'recents'))) {
    for (const [userId, text] of chunk) {
      check.count(1)
      for (const eventId of recentEvents(text)) {
        const found = await leftover({ redis, db, shop }, userId, eventId)
        if (!found) continue
        const row = `recent event ${eventId} of user ${userId}`
        const fact = 'where it is'
        check.report([{ row, fact, actual: found, expected: 'in the outbox only' }])
      }
    }
  }
}

/** What is wrong with an event among the recent ones, or null. A drain under way removes it in a moment. */
async function leftover(
  { redis, db, shop }: Shop,
  userId: string,
  eventId: string,
): Promise<string | null> {
  if (!/^\d+-\d+$/.test(eventId)) return 'unreadable'
  let found = ''
  for (let attempt = 0; attempt < limits.verifyAttemptsMax; attempt += 1) {
    if (attempt > 0) await wait(limits.verifyPauseMs)
    const isInOutbox = (await redis.xrange(shopKey(shop, 'outbox'), eventId, eventId)).length > 0
    const isPersisted = eventIdOf(await watermarkOf(db, shop)) >= eventIdOf(eventId)
    if (isInOutbox && !isPersisted) return null
    const now = await redis.hget(shopKey(shop, 'recents'), userId)
    if (!recentEvents(now ?? '').includes(eventId)) return null
    found = isPersisted ? 'persisted' : 'lost'
  }
  return found
}

/** Every dead letter is an accepted decision whose rows are missing, until somebody has declared that it has none. */
export async function checkDeadLetters(
  db: Database,
  shop: string,
  check: CheckRecord,
): Promise<void> {
  const { rows } = await sql<{ stream_id: string; type: string; error: string; total: string }>`
    select stream_id, type, error, count(*) over () as total
    from dead_letters where shop = ${shop} and dropped_at is null
    order by event_id limit ${limits.verifyOffMax}`.execute(db)
  check.count(1)
  check.report(
    rows.map(({ stream_id, type, error }) => ({
      row: `event ${stream_id}`,
      fact: type,
      actual: `dead letter: ${error}`,
      expected: 'persisted',
    })),
    Number(rows[0]?.total ?? 0),
  )
}

async function lastEntry(redis: RedisClient, shop: string): Promise<string> {
  const [last] = await redis.xrevrange(shopKey(shop, 'outbox'), '+', '-', 'COUNT', 1)
  return last?.[0] ?? '0-0'
}
