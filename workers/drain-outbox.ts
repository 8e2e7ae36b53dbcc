import type { MikroORM } from '@mikro-orm/postgresql'
import { databaseOf } from '../src/db/database.ts'
import { ensureShop, findWatermark, type Watermark } from '../src/db/shops.ts'
import { type Trimmed, trimOutbox } from '../src/engine/trim-outbox.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { commitBatch, Fenced, type Position } from './commit-batch.ts'
import { type OutboxEntry, readOutbox } from './outbox-entries.ts'

export type Drain = {
  orm: MikroORM
  redis: RedisClient
  shop: string
  /** Of the rebuild that drains a closed shop. Any other drain takes the epoch of the hot state. */
  epoch?: number
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
 * A shop whose Redis and Postgres do not continue one another is left alone: see src/services/shop-faults.ts.
 *
 * @throws whatever stopped Redis or Postgres; to be called again then.
 */
export async function drainOutbox(drain: Drain): Promise<Drained> {
  const { redis, shop, signal, failpoints } = drain
  const drained = { events: 0, deadLetters: 0 }
  let from = await findPosition(drain)
  for (let batch = 0; from && batch < limits.drainBatchesMax; batch++) {
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
      from = await findPosition(drain)
      continue
    }
    await failpoints?.afterCommit?.()
    await trim(drain, entries)
  }
  return { ...drained, more: from !== null }
}

/**
 * Finds where Postgres is, and trims what was committed by a drain that did not live to trim it.
 *
 * @returns null where this hot state must not be drained, because it does not continue what Postgres has.
 */
async function findPosition(drain: Drain): Promise<Position | null> {
  const { orm, redis, shop, epoch } = drain
  const db = databaseOf(orm)
  let watermark = await findWatermark(db, shop)
  if (!watermark) {
    await ensureShop(db, shop)
    watermark = (await findWatermark(db, shop)) as Watermark
  }
  if (epoch !== undefined) {
    return epoch === watermark.epoch ? { ...watermark, events: watermark.events ?? 0n } : null
  }

  let found: Trimmed | 'lost'
  do {
    found = await trim(
      drain,
      await readOutbox(redis, shop, { upTo: watermark.streamId }),
      watermark,
    )
  } while (found !== 'lost' && found.trimmed > 0)
  if (found === 'lost') return null
  const events = watermark.events ?? found.removed
  if (found.epoch !== watermark.epoch || found.removed < events) return null
  if (found.removed > events) {
    // Only what Postgres has is ever removed: another drain went on meanwhile, or Postgres has lost what it had.
    const now = await findWatermark(db, shop)
    if ((now?.events ?? 0n) < found.removed) return null
  }
  return { ...watermark, events }
}

/** Trims entries that are committed, and everything up to the watermark, if there is one. */
function trim(
  { redis, shop }: Drain,
  entries: readonly OutboxEntry[],
  watermark?: Watermark,
): Promise<Trimmed | 'lost'> {
  const userIds = new Set<string>()
  for (const { event } of entries) {
    if (event?.type.startsWith('order_')) userIds.add((event.data as { userId: string }).userId)
  }
  const eventId = entries.at(-1)?.streamId ?? (watermark as Watermark).streamId
  return trimOutbox(redis, { shop, eventId, userIds: [...userIds] })
}
