import { sql } from 'kysely'
import type { CouponRecord } from '../domain/events.ts'
import { shopKey } from '../redis/keys.ts'
import {
  add,
  hashSide,
  type Mirror,
  msOf,
  orderOf,
  pageOfKeys,
  put,
  recordFacts,
} from './mirror.ts'
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

/** The facts and the counters of every coupon. */
export function couponMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `coupon ${id}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'coupons'), {
      idOf: (field) => (field.includes(':') ? null : field),
      fieldsOf: (id) => [id, `${id}:issued`, `${id}:used`],
      factsOf([record, issued, used]) {
        const facts = recordFacts(record ?? '', storedFacts)
        put(facts, { issued, used })
        return facts
      },
    }),
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'coupons', column: 'id' }, after),
      rows: (ids) => sql`
        select id, jsonb_strip_nulls(jsonb_build_object(
          'name', name, 'code', code, 'discountType', discount_type,
          'discountValue', discount_value, 'maxDiscountAmount', max_discount_amount,
          'minOrderAmount', min_order_amount, 'totalQuantity', total_quantity,
          'perUserLimit', per_user_limit, 'validFrom', ${msOf('valid_from')},
          'validUntil', ${msOf('valid_until')}, 'userCouponTtlSeconds', user_coupon_ttl_seconds,
          'restoreOnCancel', restore_on_cancel, 'codeRequired', code_required, 'status', status,
          'createdAt', ${msOf('created_at')}, 'issued', issued_quantity, 'used', used_quantity
        )) as facts
        from coupons where shop = ${shop} and id = any(${ids})`,
    },
    apply(event, entities) {
      if (event.type === 'coupon_created') {
        put(entities.get(event.data.id), { ...storedFacts(event.data), issued: 0, used: 0 })
      }
      if (event.type === 'coupon_updated') put(entities.get(event.data.id), storedFacts(event.data))
      if (event.type === 'coupon_claimed') add(entities.get(event.data.couponId), 'issued', 1)
      const order = orderOf(event)
      if (!order?.userCouponId) return
      const facts = entities.get(couponOf(order.userCouponId))
      if (order.userCouponStatus === 'USED') add(facts, 'used', 1)
      // It comes back from an order that had used it.
      if (event.type === 'order_refunded' && order.userCouponStatus) add(facts, 'used', -1)
    },
  }
}

/** Records of the time before there were single-use codes do not say whether a code is required. */
function storedFacts(coupon: Omit<CouponRecord, 'codeRequired'> & { codeRequired?: boolean }) {
  return {
    name: coupon.name,
    code: coupon.code,
    discountType: coupon.discountType,
    discountValue: coupon.discountValue,
    maxDiscountAmount: coupon.maxDiscountAmount,
    minOrderAmount: coupon.minOrderAmount,
    totalQuantity: coupon.totalQuantity,
    perUserLimit: coupon.perUserLimit,
    validFrom: coupon.validFrom,
    validUntil: coupon.validUntil,
    userCouponTtlSeconds: coupon.userCouponTtlSeconds,
    restoreOnCancel: coupon.restoreOnCancel,
    codeRequired: coupon.codeRequired ?? false,
    status: coupon.status,
    createdAt: coupon.createdAt,
  }
}

/** The coupon that a user coupon's id `<coupon>.<rank>` names. */
export function couponOf(userCouponId: string): string {
  return userCouponId.slice(0, userCouponId.lastIndexOf('.'))
}
