import type { MikroORM } from '@mikro-orm/postgresql'
import { databaseOf } from '../src/db/database.ts'
import { ensureShop, findWatermark, type Watermark } from '../src/db/shops.ts'
import type { Engine } from '../src/engine/engine.ts'
import { trimOutbox } from '../src/engine/trim-outbox.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { commitBatch, Fenced } from './commit-batch.ts'
import { type OutboxEntry, readOutbox } from './outbox-entries.ts'

export type Drain = {
  orm: MikroORM
  redis: RedisClient
  engine: Engine
  shop: string
  /** Ends the drain before its next batch; the batch under way is finished. */
  signal?: AbortSignal
  /** Where a test may stop the drain: a process can die at any of these points. */
  failpoints?: { beforeCommit?: () => Promise<void>; afterCommit?: () => Promise<void> }
}

/** `more` is true where it stopped before the outbox was empty, to let other shops have their turn. */
export type Drained = { events: number; deadLetters: number; more: boolean }

/**
 * Brings a shop's outbox to Postgres, each event exactly once and in order: read a batch after the watermark,
 * write its rows and move the watermark with a compare-and-set in one transaction, then trim the stream. Any
 * number of drains of one shop may run at once, and any of them may die anywhere: the watermark in Postgres alone
 * says what is persisted, and who finds it moved starts over from there.
 *
 * @throws whatever stopped Redis or Postgres; to be called again then.
 */
export async function drainOutbox(drain: Drain): Promise<Drained> {
  const { redis, shop, signal, failpoints } = drain
  const drained = { events: 0, deadLetters: 0 }
  let from = await resume(drain)
  for (let batch = 0; batch < limits.drainBatchesMax; batch++) {
    if (signal?.aborted) return { ...drained, more: true }
    const entries = await readOutbox(redis, shop, { after: from.streamId })
    if (entries.length === 0) return { ...drained, more: false }
    await failpoints?.beforeCommit?.()
    try {
      const committed = await commitBatch({ ...drain, from }, entries)
      from = committed.watermark
      drained.events += entries.length
      drained.deadLetters += committed.deadLetters
    } catch (error) {
      if (!(error instanceof Fenced)) throw error
      from = await resume(drain)
      continue
    }
    await failpoints?.afterCommit?.()
    await trim(drain, entries)
  }
  return { ...drained, more: true }
}

/** Finds where Postgres is, and trims what was committed by a drain that did not live to trim it. */
async function resume(drain: Drain): Promise<Watermark> {
  const { orm, redis, shop } = drain
  const db = databaseOf(orm)
  let watermark = await findWatermark(db, shop)
  if (!watermark) {
    await ensureShop(db, shop)
    watermark = { eventId: 0n, streamId: '0-0' }
  }
  let trimmed = 0
  do {
    const committed = await readOutbox(redis, shop, { upTo: watermark.streamId })
    trimmed = committed.length > 0 ? await trim(drain, committed) : 0
    // A closed shop trims nothing; it keeps what is left for the day it opens.
  } while (trimmed > 0)
  return watermark
}

async function trim({ engine, shop }: Drain, entries: readonly OutboxEntry[]): Promise<number> {
  const userIds = new Set<string>()
  for (const { event } of entries) {
    if (event?.type.startsWith('order_')) userIds.add((event.data as { userId: string }).userId)
  }
  const eventId = (entries.at(-1) as OutboxEntry).streamId
  const { trimmed } = await trimOutbox(engine, { shop, eventId, userIds: [...userIds] })
  return trimmed
}
