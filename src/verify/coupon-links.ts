import { sql } from 'kysely'
import type { RowFacts } from './row-facts.ts'

/** A user coupon that is held or used is that of its order, which stands accordingly, and names its payment. */
export function couponOrderFacts(shop: string): RowFacts {
  return sql`
    select 'user coupon ' || u.id as "row", fact.fact, fact.actual, fact.expected
    from user_coupons u
    left join orders o on o.shop = u.shop and o.id = u.order_id
    left join payments p on p.shop = u.shop and p.order_id = u.order_id
    cross join lateral (values
      ('user coupon of its order', o.user_coupon_id, u.id),
      ('user of its order', o.user_id, u.user_id),
      ('status of its order', o.status, case
        when u.status = 'HELD' then 'PENDING' when o.status = 'REFUNDED' then o.status
        else 'COMPLETED' end),
      ('payment of its order', u.payment_id, case u.status when 'USED' then p.id end)
    ) fact (fact, actual, expected)
    where u.shop = ${shop} and (u.order_id is not null or u.payment_id is not null)`
}

/** Every step of a user coupon is of its coupon, its user, and an order of his that has it, with its discount. */
export function couponStepFacts(shop: string): RowFacts {
  return sql`
    select 'coupon history ' || h.event_id || ' of user coupon ' || h.user_coupon_id as "row",
      fact.fact, fact.actual, fact.expected
    from coupon_history h
    left join user_coupons u on u.shop = h.shop and u.id = h.user_coupon_id
    left join orders o on o.shop = h.shop and o.id = h.order_id
    cross join lateral (values
      ('coupon, as its user coupon says', h.coupon_id, u.coupon_id),
      ('user, as its user coupon says', h.user_id, u.user_id),
      ('user of its order', o.user_id, case when h.order_id is not null then h.user_id end),
      ('user coupon of its order', o.user_coupon_id,
        case when h.order_id is not null then h.user_coupon_id end),
      ('discount, as its order says', h.applied_discount::text,
        case when h.action in ('HELD', 'USED') then o.discount_amount::text end)
    ) fact (fact, actual, expected)
    where h.shop = ${shop}`
}

/** The user coupon of an order is one of its user, and its history knows the order. */
export function orderCouponFacts(shop: string): RowFacts {
  return sql`
    select 'order ' || o.id as "row", fact.fact, fact.actual, fact.expected
    from orders o
    left join user_coupons u on u.shop = o.shop and u.id = o.user_coupon_id
    left join (
      select order_id, user_coupon_id, count(*) as steps
      from coupon_history where shop = ${shop} and action in ('HELD', 'USED')
      group by order_id, user_coupon_id
    ) h on h.order_id = o.id and h.user_coupon_id = o.user_coupon_id
    cross join lateral (values
      ('user of its user coupon', u.user_id, o.user_id),
      ('steps of its user coupon, at least one',
        coalesce(h.steps, 0)::text, greatest(h.steps, 1)::text)
    ) fact (fact, actual, expected)
    where o.shop = ${shop} and o.user_coupon_id is not null`
}
