import { sql } from 'kysely'
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
