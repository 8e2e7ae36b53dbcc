import { sql } from 'kysely'
import type { Database } from './database.ts'

/** How far a shop's outbox is in Postgres. */
export type Watermark = { eventId: bigint; streamId: string }

/** Makes the shop known to Postgres: the workers drain and sweep the shops they find here. Repeatable. */
export async function ensureShop(db: Database, shop: string): Promise<void> {
  await sql`
    with known as (insert into shops (shop) values (${shop}) on conflict do nothing)
    insert into outbox_watermarks (shop, event_id, stream_id) values (${shop}, 0, '0-0')
    on conflict do nothing`.execute(db)
}

/** The shop's watermark, or null where Postgres does not know the shop. */
export async function findWatermark(db: Database, shop: string): Promise<Watermark | null> {
  const { rows } = await sql<{ event_id: string; stream_id: string }>`
    select event_id, stream_id from outbox_watermarks where shop = ${shop}`.execute(db)
  const row = rows[0]
  return row ? { eventId: BigInt(row.event_id), streamId: row.stream_id } : null
}

/** Every shop with its watermark. */
export async function listWatermarks(db: Database): Promise<(Watermark & { shop: string })[]> {
  const { rows } = await sql<{ shop: string; event_id: string; stream_id: string }>`
    select shop, event_id, stream_id from outbox_watermarks order by shop`.execute(db)
  return rows.map((row) => ({
    shop: row.shop,
    eventId: BigInt(row.event_id),
    streamId: row.stream_id,
  }))
}
