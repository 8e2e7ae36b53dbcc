import type { MikroORM } from '@mikro-orm/postgresql'
import { databaseOf } from '../src/db/database.ts'
import { trimOutbox } from '../src/engine/trim-outbox.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { clockOf } from '../src/redis/clock.ts'
import type { OutboxEntry } from '../src/rows/outbox-entry.ts'
import { countDrainedBatch, countEventAges } from '../src/telemetry/drain-metrics.ts'
import type { EventTraces } from '../src/telemetry/drain-spans.ts'
import { commitBatch, Fenced, type Position } from './commit-batch.ts'
import { Discontinuity, findPosition, usersOf } from './continuity.ts'
import { readOutbox } from './outbox-entries.ts'
import { openSeenUsers, type SeenUsers } from './seen-users.ts'

export type Drain = {
  orm: MikroORM
  redis: RedisClient
  shop: string
  /** Where a rebuild drains a shop that it has closed. Any other drain finds its position itself. */
  from?: Position
  /** Why what the outbox holds may not be persisted: all of it becomes dead letters. */
  quarantine?: string | undefined
  /** Of the process, if it drains again and again. */
  seenUsers?: SeenUsers
  /** Follows the events of traced requests. Defaults to no traces. */
  traces?: EventTraces | undefined
  /** Ends the drain before its next batch; the batch under way is finished. */
  signal?: AbortSignal
  /** Where a test may stop the drain: a process can die at any of these points. */
  failpoints?: { beforeCommit?: () => Promise<void>; afterCommit?: () => Promise<void> }
}

export type Drained = {
  events: number
  deadLetters: number
  /** Whether it stopped before the outbox was empty, to let other shops have their turn. */
  more: boolean
  /** Why it did not even begin, or did not go on: one of the stores has lost something. */
  stoppedBy?: Discontinuity
}

/**
 * Brings a shop's outbox to Postgres, each event exactly once and in order: read a batch after the watermark,
 * write its rows and move the watermark with a compare-and-set in one transaction, then trim the stream. Any
 * number of drains of one shop may run at once, and any of them may die anywhere: the watermark in Postgres alone
 * says what is persisted, and who finds it moved starts over from there. While Postgres writes a batch, the next one
 * is read and the last one trimmed.
 *
 * A shop of which a store has lost something is left alone: see workers/continuity.ts.
 *
 * @throws whatever stopped Redis or Postgres; to be called again then.
 */
export async function drainOutbox(drain: Drain): Promise<Drained> {
  const { orm, redis, shop, quarantine, seenUsers = openSeenUsers() } = drain
  const { traces, signal, failpoints } = drain
  const drained = { events: 0, deadLetters: 0 }
  const ahead = openReadAhead(redis, shop)
  let trimming: Promise<unknown> = Promise.resolve()
  try {
    let from = drain.from ?? (await findPosition({ redis, db: databaseOf(orm), shop }))
    for (let batch = 0; batch < limits.drainBatchesMax; batch++) {
      if (from instanceof Discontinuity) return { ...drained, more: false, stoppedBy: from }
      if (signal?.aborted) return { ...drained, more: true }
      const entries = await ahead.read(from.streamId)
      if (entries.length === 0) return { ...drained, more: false }
      await failpoints?.beforeCommit?.()
      ahead.start(entries)
      const startedAt = performance.now()
      try {
        const place = { orm, shop, from, seenUsers, quarantine }
        const commit = () => commitBatch(place, entries)
        const committed = await (traces?.follow({ shop, entries }, commit) ?? commit())
        from = committed.watermark
        const { rows, deadLetters } = committed
        drained.events += entries.length
        drained.deadLetters += deadLetters
        const tookMs = performance.now() - startedAt
        countDrainedBatch({ events: entries.length, rows, deadLetters, tookMs })
      } catch (error) {
        // A rebuild that is fenced was taken for dead; there is another one.
        if (!(error instanceof Fenced) || drain.from) throw error
        from = await findPosition({ redis, db: databaseOf(orm), shop })
        continue
      }
      await failpoints?.afterCommit?.()
      await trimming
      const eventId = from.streamId
      trimming = Promise.all([
        clockOf(redis, shop).then((nowMs) => countEventAges(entries, nowMs)),
        trimOutbox(redis, { shop, eventId, userIds: usersOf(entries) }),
      ])
      trimming.catch(() => {}) // It is awaited, but perhaps not before it fails.
    }
    return { ...drained, more: true }
  } finally {
    await trimming
  }
}

/** Reads the batch behind the one that is being written, if that one was full: then one more waits for sure. */
function openReadAhead(redis: RedisClient, shop: string) {
  let next: { after: string; entries: Promise<OutboxEntry[]> } | undefined
  return {
    start(entries: readonly OutboxEntry[]): void {
      next = undefined
      if (entries.length < limits.drainEventsMax) return
      const after = (entries.at(-1) as OutboxEntry).streamId
      next = { after, entries: readOutbox(redis, shop, { after }) }
      next.entries.catch(() => {}) // Who wants them gets the reason.
    },
    async read(after: string): Promise<OutboxEntry[]> {
      if (next?.after === after) {
        const entries = await next.entries
        // More may have come since to one that was not full.
        if (entries.length === limits.drainEventsMax) return entries
      }
      return readOutbox(redis, shop, { after })
    },
  }
}
