import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import type { LoadedKeyName } from '../../src/redis/keys.ts'
import { eachPage, type ShopLoad } from './pages.ts'

type Units = {
  key: string
  /** Null where the row only ends its page. */
  name: LoadedKeyName | null
  member: string
  units: string
}

/**
 * What every user has of every option, which limits count, and what was sold of every product on the days that popular
 * products may ask for. Both are sums over all orders, so they grow while these are read in the order of their ids.
 */
export async function loadSales(load: ShopLoad): Promise<void> {
  const { hot } = load
  await eachPage(
    load,
    '',
    (after) => pageOfUnits(load, after),
    (rows) => {
      for (const { name, member, units } of rows) {
        if (name === 'purchases') hot.addToField(name, member, units)
        else if (name !== null) hot.addToScore(name, member, units)
      }
    },
  )
}

function pageOfUnits({ shop, now }: ShopLoad, after: string) {
  const today = Math.floor(now.getTime() / 86_400_000)
  const firstDay = new Date((today - limits.rankingDaysMax + 1) * 86_400_000).toISOString()
  return sql<Units>`
    with page as materialized (
      select id, user_id, status, updated_at from orders where shop = ${shop} and id > ${after}
      order by id limit ${limits.rebuildRecordsMax}
    ), last as (
      select max(id) as key from page having count(*) > 0
    ), lines as materialized (
      select user_id, option_id, product_id, paid_at, quantity - refunded_quantity as units
      from page
      join order_items i on i.shop = ${shop} and i.order_id = page.id
      left join lateral (
        select p.paid_at from payments p
        where page.status <> 'PENDING' and page.updated_at >= ${firstDay}::timestamptz
          and p.shop = ${shop} and p.order_id = page.id and p.paid_at >= ${firstDay}::timestamptz
        offset 0
      ) payment on true
      where page.status in ('PENDING', 'COMPLETED', 'REFUNDED') and quantity > refunded_quantity
    )
    select key, 'purchases' as name, option_id || ':' || user_id as member, sum(units) as units
    from last cross join lines group by key, option_id, user_id
    union all
    select key, 'sales:' || to_char(paid_at at time zone 'UTC', 'YYYYMMDD'), product_id, sum(units)
    from last cross join lines where paid_at is not null
    group by 1, 2, product_id
    union all
    select key, null, '', 0 from last`
}
