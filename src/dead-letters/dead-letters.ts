import { type RawBuilder, sql } from 'kysely'
import { cutPage, decodeCursor, type Page } from '../db/cursor.ts'
import type { Database } from '../db/database.ts'
import { eventIdOf } from '../db/event-id.ts'

/**
 * An accepted event that Postgres refused.
 *
 * - `OPEN`: it can be retried.
 * - `STALE`: it cannot. The shop was rebuilt without it, so what was decided since then does not know of it; or an
 *   earlier version kept it, without its own version.
 * - `DROPPED`: an operator declared that it will never have rows.
 */
export type DeadLetter = {
  /** Of its stream entry, `<ms>-<sequence>`: the time of the decision and the order of all events. */
  id: string
  eventId: string
  status: DeadLetterStatus
  type: string
  version: string | null
  /** As it came: JSON, where that is not what is wrong with it. */
  data: string
  /** Why it was refused the last time. */
  error: string
  /** When it was put here, in milliseconds since 1970. */
  at: number
  /** How often it was retried and refused again, and when last. */
  tries: number
  triedAt: number | null
  droppedAt: number | null
  dropReason: string | null
  /** The order that the event is about, which is found here as long as the letter is open. */
  orderId: string | null
}

export const deadLetterStatuses = ['OPEN', 'STALE', 'DROPPED'] as const
export type DeadLetterStatus = (typeof deadLetterStatuses)[number]

/** The id of a stream entry, within what `eventIdOf` can hold. */
export const deadLetterIdPattern = /^(\d{1,12}|[1-7]\d{12})-\d{1,6}$/

/**
 * The dead letters of a shop, the oldest first, which is the order in which they are retried. `bad_cursor` where the
 * cursor is none of this list.
 */
export async function listDeadLetters(
  db: Database,
  shop: string,
  page: { limit: number; cursor?: string | undefined; status?: DeadLetterStatus | undefined },
): Promise<Page<DeadLetter> | 'bad_cursor'> {
  const after = page.cursor === undefined ? '-1' : decodeCursor(page.cursor, /^\d{1,18}$/)
  if (after === null) return 'bad_cursor'
  const wanted = page.status === undefined ? sql`true` : sql`status = ${page.status}`
  const { rows } = await sql<DeadLetter>`
    select * from ${lettersOf(shop)} letters where "eventId" > ${after}::bigint and ${wanted}
    order by "eventId" limit ${page.limit + 1}`.execute(db)
  return cutPage(rows, page.limit, { keyOf: ({ eventId }) => eventId, itemOf: (letter) => letter })
}

/**
 * The open dead letters of a shop that were tried the least, the oldest of them, in the order of their events.
 *
 * @returns at most `limit`, and whether there are more.
 */
export async function findLeastTried(
  db: Database,
  shop: string,
  limit: number,
): Promise<{ letters: DeadLetter[]; more: boolean }> {
  const { rows } = await sql<DeadLetter>`
    select * from ${lettersOf(shop)} letters where status = 'OPEN'
    order by tries, "eventId" limit ${limit + 1}`.execute(db)
  const letters = rows.slice(0, limit)
  letters.sort((a, b) => (BigInt(a.eventId) < BigInt(b.eventId) ? -1 : 1))
  return { letters, more: rows.length > limit }
}

/** The dead letters of these ids, as far as there are any: a retry that gives one its rows removes it. */
export async function findDeadLetters(
  db: Database,
  shop: string,
  ids: readonly string[],
): Promise<DeadLetter[]> {
  const eventIds = ids.map((id) => String(eventIdOf(id)))
  const { rows } = await sql<DeadLetter>`
    select * from ${lettersOf(shop)} letters
    where "eventId" = any(${eventIds}::bigint[]) order by "eventId"`.execute(db)
  return rows
}

/**
 * Declares that an event will never have rows. It stays on record with the reason; who drops it again changes nothing.
 *
 * @returns it as it is now, or null where there is no such dead letter.
 */
export async function dropDeadLetter(
  db: Database,
  shop: string,
  { id, reason }: { id: string; reason: string },
): Promise<DeadLetter | null> {
  await sql`
    update dead_letters set dropped_at = now(), drop_reason = ${reason}
    where shop = ${shop} and event_id = ${String(eventIdOf(id))} and dropped_at is null
  `.execute(db)
  const [letter] = await findDeadLetters(db, shop, [id])
  return letter ?? null
}

/**
 * The newest open dead letter of each of these orders, as far as there is one: rows do not know yet what it decided.
 */
export async function findLettersOfOrders(
  db: Database,
  shop: string,
  orderIds: readonly string[],
): Promise<DeadLetter[]> {
  const { rows } = await sql<DeadLetter>`
    select distinct on ("orderId") * from ${lettersOf(shop)} letters
    where "orderId" = any(${orderIds}::text[]) and status = 'OPEN'
    order by "orderId", "eventId" desc`.execute(db)
  return rows
}

/** How many events of a shop were dropped. */
export async function countDropped(db: Database, shop: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from dead_letters
    where shop = ${shop} and dropped_at is not null`.execute(db)
  return rows[0]?.count ?? 0
}

/** A rebuild loads what Postgres has, so the hot state lacks every dead letter from before it. */
function lettersOf(shop: string): RawBuilder<unknown> {
  return sql`(
    select stream_id as id, event_id as "eventId", type, version, data, error, tries,
      drop_reason as "dropReason", order_id as "orderId",
      ${ms('at')} as at, ${ms('tried_at')} as "triedAt", ${ms('dropped_at')} as "droppedAt",
      case when dropped_at is not null then 'DROPPED'
        when version is null or event_id <= rebuilt_until then 'STALE' else 'OPEN' end as status
    from dead_letters cross join (
      select coalesce(max(
        (split_part(stream_id, '-', 1)::bigint << 20) + split_part(stream_id, '-', 2)::bigint
      ), -1) as rebuilt_until
      from rebuilds where shop = ${shop}
    ) rebuilds
    where shop = ${shop}
  )`
}

function ms(column: string): RawBuilder<number> {
  return sql`trunc(extract(epoch from ${sql.ref(column)}) * 1000)::float8`
}
