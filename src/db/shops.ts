import { sql } from 'kysely'
import { limits } from '../limits.ts'
import type { Database } from './database.ts'

/**
 * How far a shop's outbox is in Postgres. `events` counts what was persisted in all, null where an earlier version did
 * not count.
 */
export type Watermark = { eventId: bigint; streamId: string; epoch: number; events: bigint | null }

/** Makes the shop known to Postgres: the workers drain and sweep the shops they find here. Repeatable. */
export async function ensureShop(db: Database, shop: string): Promise<void> {
  await sql`
    with known as (insert into shops (shop) values (${shop}) on conflict do nothing)
    insert into outbox_watermarks (shop, event_id, stream_id, events) values (${shop}, 0, '0-0', 0)
    on conflict do nothing`.execute(db)
}

/** The shop's watermark, or null where Postgres does not know the shop. */
export async function findWatermark(db: Database, shop: string): Promise<Watermark | null> {
  const { rows } = await sql<WatermarkRow>`
    select ${watermarkColumns} from outbox_watermarks where shop = ${shop}`.execute(db)
  return rows[0] ? watermarkOf(rows[0]) : null
}

/** Every shop with its watermark. */
export async function listWatermarks(db: Database): Promise<(Watermark & { shop: string })[]> {
  const { rows } = await sql<WatermarkRow & { shop: string }>`
    select shop, ${watermarkColumns} from outbox_watermarks order by shop`.execute(db)
  return rows.map((row) => ({ shop: row.shop, ...watermarkOf(row) }))
}

/**
 * The shop and its watermark.
 *
 * @throws Error where Postgres does not know it.
 */
export async function findShop(
  db: Database,
  shop: string,
): Promise<{ watermark: Watermark; createdAtMs: number }> {
  const watermark = await findWatermark(db, shop)
  const { rows } = await sql<{ at: string }>`
    select (extract(epoch from created_at) * 1000)::bigint as at from shops where shop = ${shop}
  `.execute(db)
  if (!watermark || !rows[0]) throw new Error(`Postgres does not know the shop ${shop}`)
  return { watermark, createdAtMs: Number(rows[0].at) }
}

/**
 * How many events of each shop are dead letters that wait for somebody, `limits.deadLettersCountedMax` at most. One
 * that was dropped waits no more.
 */
export async function countDeadLetters(db: Database): Promise<Map<string, number>> {
  const { rows } = await sql<{ shop: string; count: number }>`
    select shop, letters.count from outbox_watermarks w cross join lateral (
      select count(*)::integer as count from (
        select from dead_letters d where d.shop = w.shop and d.dropped_at is null
        limit ${limits.deadLettersCountedMax}
      ) waiting
    ) letters`.execute(db)
  return new Map(rows.map(({ shop, count }) => [shop, count]))
}

/**
 * Begins a new epoch: from now on nothing is persisted that a hot state of an earlier one says.
 *
 * @param hotEpoch of the hot state that is given up; it may be the higher one where Postgres lost something.
 */
export async function raiseEpoch(db: Database, shop: string, hotEpoch: number): Promise<number> {
  const { rows } = await sql<{ epoch: number }>`
    update outbox_watermarks
    set epoch = greatest(epoch, ${hotEpoch}) + 1, events = coalesce(events, 0), updated_at = now()
    where shop = ${shop} returning epoch`.execute(db)
  return (rows[0] as { epoch: number }).epoch
}

/**
 * Notes a rebuild.
 *
 * @returns the last ones, this one included: up to limits.rebuildsKeptMax.
 */
export async function noteRebuild(
  db: Database,
  shop: string,
  { epoch, watermark }: { epoch: number; watermark: string },
): Promise<{ epoch: number; watermark: string }[]> {
  await sql`insert into rebuilds (shop, epoch, stream_id) values (${shop}, ${epoch}, ${watermark})`.execute(
    db,
  )
  const { rows } = await sql<{ epoch: number; watermark: string }>`
    select epoch, stream_id as watermark from rebuilds where shop = ${shop}
    order by epoch desc limit ${limits.rebuildsKeptMax}`.execute(db)
  return rows
}

type WatermarkRow = { event_id: string; stream_id: string; epoch: number; events: string | null }

const watermarkColumns = sql.raw('event_id, stream_id, epoch, events')

function watermarkOf({ event_id, stream_id, epoch, events }: WatermarkRow): Watermark {
  return {
    eventId: BigInt(event_id),
    streamId: stream_id,
    epoch,
    events: events === null ? null : BigInt(events),
  }
}
