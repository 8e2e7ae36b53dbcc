import { sql } from 'kysely'
import { shopKey } from '../redis/keys.ts'
import { add, hashSide, type Mirror, orderOf, pageOfKeys } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/** No coupon is issued beyond its quantity, no rank twice, and its counters are its user coupons. */
export function couponFacts(shop: string): RowFacts {
  return sql`
    select 'coupon ' || c.id as "row", fact.fact, fact.actual::text, fact.expected::text
    from coupons c
    left join lateral (
      select count(*) filter (where status in ('AVAILABLE', 'HELD', 'USED', 'EXPIRED')) as issued,
        count(*) filter (where status = 'USED') as used,
        count(distinct rank) as ranks, coalesce(max(rank), 0) as last_rank
      from user_coupons u where u.shop = c.shop and u.coupon_id = c.id
    ) u on true
    cross join lateral (values
      ('issued against available + held + used + expired', c.issued_quantity, u.issued),
      ('used against used user coupons', c.used_quantity, u.used),
      ('issued, not above the total quantity',
        c.issued_quantity, least(c.issued_quantity, c.total_quantity)),
      ('different ranks, one per user coupon', u.ranks, u.issued),
      ('highest rank, without a gap below', u.last_rank, u.issued)
    ) fact (fact, actual, expected)
    where c.shop = ${shop}`
}

/** No user has more of a coupon than its limit per user. */
export function couponsPerUserFacts(shop: string): RowFacts {
  return sql`
    select 'coupon ' || u.coupon_id || ' of user ' || u.user_id as "row",
      'user coupons, not above the limit per user' as fact,
      u.count::text as actual, least(u.count, c.per_user_limit)::text as expected
    from (
      select coupon_id, user_id, count(*) as count
      from user_coupons where shop = ${shop} group by coupon_id, user_id
    ) u join coupons c on c.shop = ${shop} and c.id = u.coupon_id`
}

/** The counters of every coupon. */
export function couponMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `coupon ${id}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'coupons'), {
      idOf: (field) => (field.includes(':') ? null : field),
      fieldsOf: (id) => [`${id}:issued`, `${id}:used`],
      factsOf: ([issued, used]) => ({ issued: issued ?? 'none', used: used ?? 'none' }),
    }),
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'coupons', column: 'id' }, after),
      keyOf: (id) => id,
      rows: (ids) => sql`
        select id, jsonb_build_object('issued', issued_quantity, 'used', used_quantity) as facts
        from coupons where shop = ${shop} and id = any(${ids})`,
    },
    apply(event, find) {
      if (event.type === 'coupon_created') {
        const facts = find(event.data.id)
        if (facts) Object.assign(facts, { issued: 0, used: 0 })
      }
      if (event.type === 'coupon_claimed') add(find(event.data.couponId), 'issued', 1)
      const order = orderOf(event)
      if (order?.userCouponId && order.userCouponStatus === 'USED') {
        add(find(couponOf(order.userCouponId)), 'used', 1)
      }
    },
  }
}

/** The coupon that a user coupon's id `<coupon>.<rank>` names. */
export function couponOf(userCouponId: string): string {
  return userCouponId.slice(0, userCouponId.lastIndexOf('.'))
}
