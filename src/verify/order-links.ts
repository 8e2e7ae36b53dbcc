import { sql } from 'kysely'
import type { RowFacts } from './row-facts.ts'

/** A payment is of its order's user and discount, and bears its order's id. */
export function paymentFacts(shop: string): RowFacts {
  return sql`
    select 'payment ' || p.id as "row", fact.fact, fact.actual, fact.expected
    from payments p left join orders o on o.shop = p.shop and o.id = p.order_id
    cross join lateral (values
      ('id, made of its order', p.id, 'pay-' || o.id),
      ('user, as its order says', p.user_id, o.user_id),
      ('discount, as its order says', p.discount_amount::text, o.discount_amount::text)
    ) fact (fact, actual, expected)
    where p.shop = ${shop}`
}

/** A change of a balance names the user coupon of the order that it is for; a charge names none. */
export function balanceCouponFacts(shop: string): RowFacts {
  return sql`
    select 'balance history ' || h.id || ' of user ' || h.user_id as "row",
      'user coupon, as its order says' as fact,
      h.user_coupon_id as actual, o.user_coupon_id as expected
    from balance_history h left join orders o on o.shop = h.shop and o.id = h.order_id
    where h.shop = ${shop} and (h.order_id is not null or h.user_coupon_id is not null)`
}

/** The stock history has every line of an order once for each thing that happened to it, with its option and units. */
export function stockOfOrderFacts(shop: string): RowFacts {
  const units = (ordered: string, cancelled: string, expired: string, restocked: string) =>
    sql.raw(`concat(${ordered}, ' ordered, ', ${cancelled}, ' cancelled, ', ${expired},
      ' expired, ', ${restocked}, ' restocked of option ', option_id)`)
  return sql`
    select 'line ' || line || ' of order ' || order_id as "row", 'units in the stock history' as fact,
      history.units as actual, items.units as expected
    from (
      select i.order_id, i.line, ${units(
        'i.quantity',
        "case o.status when 'CANCELLED' then i.quantity else 0 end",
        "case o.status when 'EXPIRED' then i.quantity else 0 end",
        'i.restocked_quantity',
      )} as units
      from order_items i join orders o on o.shop = i.shop and o.id = i.order_id
      where i.shop = ${shop}
    ) items
    full join (
      select order_id, line, ${units(
        "coalesce(-sum(change) filter (where type = 'ORDER'), 0)",
        "coalesce(sum(change) filter (where type = 'CANCEL'), 0)",
        "coalesce(sum(change) filter (where type = 'EXPIRE'), 0)",
        "coalesce(sum(change) filter (where type = 'REFUND'), 0)",
      )} as units
      from product_stock_history where shop = ${shop} and order_id is not null
      group by order_id, line, option_id
    ) history using (order_id, line)`
}
