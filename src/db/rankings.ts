import type { EntityManager } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import type { BulkTransaction } from './bulk-transaction.ts'
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
  await db.transaction().execute(async (transaction) => {
    // Sales are not added to it while it is taken: it would have them twice, or not at all.
    await sql`select from shops where shop = ${shop} for no key update`.execute(transaction)
    await insertSnapshot(transaction, shop, date)
  })
}

async function insertSnapshot(db: Database, shop: string, date: string): Promise<void> {
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

/**
 * Adds the units of orders to the snapshots of the days on which they were paid, where those are taken already: the
 * payments come late, in this transaction.
 */
export async function addLateSales(
  transaction: BulkTransaction,
  shop: string,
  payments: readonly { orderId: string; paidAt: number }[],
): Promise<void> {
  if (payments.length === 0) return
  // A snapshot is taken behind the same lock.
  await transaction.read('select from shops where shop = $1 for no key update', [shop])
  const dayOf = (paidAt: number) => new Date(paidAt).toISOString().slice(0, 10)
  for (const [day, paid] of Map.groupBy(payments, ({ paidAt }) => dayOf(paidAt))) {
    const orderIds = paid.map(({ orderId }) => orderId)
    await addToSnapshot(transaction, shop, { day, orderIds })
  }
}

async function addToSnapshot(
  transaction: BulkTransaction,
  shop: string,
  { day, orderIds }: { day: string; orderIds: string[] },
): Promise<void> {
  const [snapshot] = await transaction.read(
    'select from ranking_snapshots where shop = $1 and ranking_date = $2',
    [shop, day],
  )
  if (!snapshot) return
  const ranked = await transaction.read(
    `delete from product_rankings where shop = $1 and ranking_date = $2
      returning product_id, sales_count, created_at`,
    [shop, day],
  )
  await transaction.run(
    `insert into product_rankings (shop, ranking_date, rank, product_id, sales_count, created_at)
      select $1, $2, row_number() over (order by sum(sales_count) desc, product_id desc),
        product_id, sum(sales_count), coalesce(min(created_at), now())
      from (
        select product_id, sales_count, created_at
        from jsonb_to_recordset($3::jsonb)
          as ranked (product_id text collate "C", sales_count bigint, created_at timestamptz)
        union all
        select product_id, quantity, null from order_items
        where shop = $1 and order_id = any(array(select jsonb_array_elements_text($4::jsonb)))
      ) sales
      group by product_id`,
    [shop, day, JSON.stringify(ranked), JSON.stringify(orderIds)],
  )
}
