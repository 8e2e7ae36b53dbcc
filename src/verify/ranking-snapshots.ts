import { sql } from 'kysely'
import type { RowFacts } from './row-facts.ts'

/** The ranks of a snapshot are 1, 2, 3 … by units sold, and what is equal by product id, the highest first. */
export function rankFacts(shop: string): RowFacts {
  return sql`
    select 'product ' || product_id || ' in the ranking of ' || ranking_date as "row",
      'rank, by its sales' as fact, rank::text as actual, place::text as expected
    from (
      select ranking_date, product_id, rank, row_number() over (
        partition by ranking_date order by sales_count desc, product_id desc
      ) as place
      from product_rankings where shop = ${shop}
    ) ranked`
}

/** Every day has its snapshot, from the first one to the last. */
export function snapshotFacts(shop: string): RowFacts {
  return sql`
    select 'ranking of ' || ranking_date as "row", 'day before it, as the last snapshot' as fact,
      last_date::text as actual, (ranking_date - 1)::text as expected
    from (
      select ranking_date, lag(ranking_date) over (order by ranking_date) as last_date
      from ranking_snapshots where shop = ${shop}
    ) snapshots
    where last_date is not null`
}

/**
 * A snapshot counts what was paid on its day, without what had been paid back when it was taken. Nobody knows how much
 * of the refunds that was, so its sales are between what is left today and what was paid.
 */
export function snapshotSalesFacts(shop: string): RowFacts {
  return sql`
    select 'product ' || product_id || ' in the ranking of ' || ranking_date as "row",
      'sales, within what was paid on that day' as fact, coalesce(sales_count, 0)::text as actual,
      greatest(coalesce(left_over, 0), least(coalesce(sales_count, 0), coalesce(paid, 0)))::text
        as expected
    from (
      select ranking_date, product_id, sales_count from product_rankings where shop = ${shop}
    ) ranked
    full join (
      select s.ranking_date, i.product_id, sum(i.quantity) as paid,
        sum(i.quantity - i.refunded_quantity) as left_over
      from payments p
      join order_items i on i.shop = p.shop and i.order_id = p.order_id
      join ranking_snapshots s
        on s.shop = p.shop and s.ranking_date = (p.paid_at at time zone 'UTC')::date
      where p.shop = ${shop} group by s.ranking_date, i.product_id
    ) sold using (ranking_date, product_id)`
}
