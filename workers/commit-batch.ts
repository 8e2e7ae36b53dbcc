import type { MikroORM } from '@mikro-orm/postgresql'
import { inBulkTransaction } from '../src/db/bulk-transaction.ts'
import type { Watermark } from '../src/db/shops.ts'
import { isDataError } from '../src/rows/data-error.ts'
import type { OutboxEntry } from '../src/rows/outbox-entry.ts'
import { countRows, deadLettersOf, type OutboxRows, rowsOf } from '../src/rows/outbox-rows.ts'
import { writeRows } from '../src/rows/write-rows.ts'
import type { SeenUsers } from './seen-users.ts'

/** Another drain moved the shop's watermark first, or a rebuild raised its epoch: this one's batch is not wanted. */
export class Fenced extends Error {
  override name = 'Fenced'
}

/** A watermark that counts. */
export type Position = Watermark & { events: bigint }

/** What is in Postgres now: the new watermark, and how many rows and dead letters the batch became. */
export type Committed = { watermark: Position; rows: number; deadLetters: number }

/** Where a batch goes: the shop, and the watermark that must still stand there. */
export type Place = {
  orm: MikroORM
  shop: string
  from: Position
  seenUsers: SeenUsers
  /** Why no event of the batch may be persisted: all of them become dead letters. */
  quarantine?: string | undefined
}

/**
 * Persists a batch and moves the watermark behind it, in one transaction. Where Postgres refuses the data, the
 * batch is halved until the one entry that it refuses stands alone; that one becomes a dead letter, in a
 * transaction with its own watermark, and everything else is persisted.
 *
 * @throws Fenced, or whatever stopped Postgres. A part of the batch, and even the whole, may then be committed:
 *   only the watermark in Postgres knows.
 */
export async function commitBatch(
  place: Place,
  entries: readonly OutboxEntry[],
): Promise<Committed> {
  const { quarantine } = place
  if (quarantine) return commitRows(place, entries, deadLettersOf(entries, quarantine))
  try {
    return await commitRows(place, entries, rowsOf(entries))
  } catch (error) {
    if (!isDataError(error)) throw error
    const [only] = entries
    if (entries.length === 1 && only) {
      return await commitRows(place, entries, deadLettersOf([only], String(error)))
    }
  }
  const middle = Math.ceil(entries.length / 2)
  const first = await commitBatch(place, entries.slice(0, middle))
  const second = await commitBatch({ ...place, from: first.watermark }, entries.slice(middle))
  return {
    watermark: second.watermark,
    rows: first.rows + second.rows,
    deadLetters: first.deadLetters + second.deadLetters,
  }
}

async function commitRows(
  { orm, shop, from, seenUsers }: Place,
  entries: readonly OutboxEntry[],
  rows: OutboxRows,
): Promise<Committed> {
  const { eventId, streamId } = entries.at(-1) as OutboxEntry
  for (const userId of rows.users.keys()) {
    if (seenUsers.has(shop, userId)) rows.users.delete(userId)
  }
  const events = from.events + BigInt(entries.length)
  await inBulkTransaction(orm, async (transaction) => {
    // The compare-and-set comes first: it locks out every other drain of the shop until the commit.
    const moved = await transaction.run(
      `update outbox_watermarks
        set event_id = $1, stream_id = $2, events = $3, updated_at = now()
        where shop = $4 and event_id = $5 and epoch = $6`,
      [String(eventId), streamId, String(events), shop, String(from.eventId), from.epoch],
    )
    if (moved !== 1) throw new Fenced(`${shop} is beyond ${from.streamId}`)
    await writeRows(transaction, shop, rows)
  })
  seenUsers.add(shop, rows.users.keys())
  return {
    watermark: { ...from, eventId, streamId, events },
    rows: countRows(rows),
    deadLetters: rows.deadLetters.length,
  }
}
