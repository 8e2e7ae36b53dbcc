import type { EntityManager } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import { cutPage, decodeCursor, type Page } from './cursor.ts'
import type { Database } from './database.ts'
import { Product } from './entities/products.ts'
import { ProductRanking } from './entities/rankings.ts'

export type RankedProduct = { rank: number; productId: string; name: string; salesCount: number }

/**
 * The snapshot of a day, best first; empty where it is not taken, or nothing was sold. `bad_cursor` where the cursor is
 * none of this list.
 *
 * @param date the UTC day as YYYY-MM-DD.
 */
export async function listRankings(
  em: EntityManager,
  shop: string,
  date: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<RankedProduct> | 'bad_cursor'> {
  const after = page.cursor === undefined ? '0' : decodeCursor(page.cursor, /^\d{1,9}$/)
  if (after === null) return 'bad_cursor'
  const rows = await em.find(
    ProductRanking,
    { shop, rankingDate: date, rank: { $gt: Number(after) } },
    { orderBy: { rank: 'asc' }, limit: page.limit + 1, disableIdentityMap: true },
  )
  const products = await em.find(
    Product,
    { shop, id: { $in: rows.map(({ productId }) => productId) } },
    { disableIdentityMap: true, fields: ['name'] },
  )
  const nameOf = new Map(products.map(({ id, name }) => [id, name]))
  return cutPage(rows, page.limit, {
    keyOf: ({ rank }) => String(rank),
    itemOf: ({ rank, productId, salesCount }) => ({
      rank,
      productId,
      name: nameOf.get(productId) ?? '',
      salesCount,
    }),
  })
}

/** The first day of a shop that has no snapshot yet, and how far its events were persisted when it was found. */
export type DueDay = { shop: string; date: string; streamId: string }

/**
 * The next day of every shop for its snapshot, where that day is before `today`: the day after the last snapshot, or
 * the day of the first order.
 *
 * @param today the UTC day as YYYY-MM-DD.
 */
export async function listDueDays(db: Database, today: string): Promise<DueDay[]> {
  const { rows } = await sql<DueDay>`
    select shop, day::text as date, stream_id as "streamId"
    from outbox_watermarks w cross join lateral (
      select coalesce(
        (select max(ranking_date) + 1 from ranking_snapshots s where s.shop = w.shop),
        (select (ordered_at at time zone 'UTC')::date from orders o where o.shop = w.shop order by id limit 1)
      ) as day
    ) next
    where day < ${today}::date
    order by shop`.execute(db)
  return rows
}

/**
 * Takes the snapshot of a day: its row and the ranking, at once. Products rank by the units that were paid on the day
 * and not refunded until now, equal ones by id, descending, as popular products do. A snapshot that is taken stays as
 * it is.
 */
export async function takeSnapshot(db: Database, shop: string, date: string): Promise<void> {
  await sql`
    with snapshot as (
      insert into ranking_snapshots (shop, ranking_date) values (${shop}, ${date})
      on conflict do nothing
      returning ranking_date as day, ranking_date::timestamp at time zone 'UTC' as midnight
    ), sales as (
      select day, product_id, sum(quantity - refunded_quantity) as sales_count
      from snapshot
      join payments p on p.shop = ${shop}
        and p.paid_at >= midnight and p.paid_at < midnight + interval '24 hours'
      join order_items i on i.shop = ${shop} and i.order_id = p.order_id
      group by day, product_id
      having sum(quantity - refunded_quantity) > 0
    )
    insert into product_rankings (shop, ranking_date, rank, product_id, sales_count)
    select ${shop}, day, row_number() over (order by sales_count desc, product_id desc),
      product_id, sales_count
    from sales`.execute(db)
}
