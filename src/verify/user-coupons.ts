import { sql } from 'kysely'
import { operationOfOrder } from '../domain/ids.ts'
import { type HotUserCoupon, parseUserCoupons } from '../engine/user-coupons.ts'
import { shopKey } from '../redis/keys.ts'
import { couponOf } from './coupons.ts'
import { type Facts, hashSide, type Mirror, msOf, orderOf, pageOfKeys, put } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/**
 * The user coupons of every user and coupon, e.g. `{ 'rank 3': 'USED', 'order of rank 3': '0197…' }` and when each is
 * issued and, unless it has, expires in ms. An entity is `<coupon>:<user>`. An order is named by its operation.
 */
export function userCouponMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `coupon ${id.replace(':', ' of user ')}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'claims'), { factsOf: ([field]) => factsOf(field ?? '') }),
    persisted: {
      keys: (after) =>
        pageOfKeys(shop, { table: 'user_coupons', column: 'user_id', repeats: true }, after),
      keyOf: (id) => id.slice(id.indexOf(':') + 1),
      rows: (userIds) => sql`
        select coupon_id || ':' || user_id as id,
          jsonb_object_agg('rank ' || rank, status)
          || jsonb_object_agg('issue of rank ' || rank, ${msOf('issued_at')})
          || coalesce(jsonb_object_agg('expiry of rank ' || rank, ${msOf('expires_at')})
            filter (where expires_at is not null and status <> 'EXPIRED'), '{}')
          || coalesce(jsonb_object_agg('order of rank ' || rank, substr(order_id, 12))
            filter (where order_id is not null), '{}') as facts
        from user_coupons where shop = ${shop} and user_id = any(${userIds})
        group by coupon_id, user_id`,
    },
    apply(event, entities) {
      if (event.type === 'coupon_claimed') {
        const { couponId, userId, rank, issuedAt, expiresAt } = event.data
        put(entities.get(`${couponId}:${userId}`), {
          [`rank ${rank}`]: 'AVAILABLE',
          [`issue of rank ${rank}`]: issuedAt,
          [`expiry of rank ${rank}`]: expiresAt,
        })
      }
      if (event.type === 'coupon_expired') {
        move(event.data.userCouponId, event.data.userId, 'EXPIRED')
      }
      const order = orderOf(event)
      if (order?.userCouponId && order.userCouponStatus) {
        move(order.userCouponId, order.userId, order.userCouponStatus, order.id)
      }

      function move(userCouponId: string, userId: string, status: string, orderId?: string) {
        const couponId = couponOf(userCouponId)
        const rank = userCouponId.slice(couponId.length + 1)
        const facts = entities.get(`${couponId}:${userId}`)
        const isTaken = status === 'HELD' || status === 'USED'
        put(facts, {
          [`rank ${rank}`]: status,
          [`order of rank ${rank}`]: isTaken && orderId ? operationOfOrder(orderId) : null,
        })
        if (status === 'EXPIRED') put(facts, { [`expiry of rank ${rank}`]: null })
      }
    },
  }
}

function factsOf(field: string): Facts {
  let list: HotUserCoupon[]
  try {
    list = parseUserCoupons(field)
  } catch {
    return { record: 'unreadable' }
  }
  const facts: Facts = {}
  for (const { rank, status, issuedAtMs, expiresAtMs, operationId } of list) {
    put(facts, {
      [`rank ${rank}`]: status,
      [`issue of rank ${rank}`]: issuedAtMs,
      [`expiry of rank ${rank}`]: status === 'EXPIRED' ? null : expiresAtMs,
      [`order of rank ${rank}`]: operationId,
    })
  }
  return facts
}

/** The status of every user coupon is what the last step of its history made of it. */
export function userCouponFacts(shop: string): RowFacts {
  return sql`
    select 'user coupon ' || id as "row", 'status, as its history left it' as fact,
      status as actual,
      case action when 'ISSUED' then 'AVAILABLE' when 'RESTORED' then 'AVAILABLE' else action end
        as expected
    from (select id, status from user_coupons where shop = ${shop}) user_coupons
    left join (
      select distinct on (user_coupon_id) user_coupon_id as id, action
      from coupon_history where shop = ${shop}
      order by user_coupon_id, event_id desc, line desc
    ) last using (id)`
}

/** The history of a user coupon begins when it is issued, and every step follows one that it may follow. */
export function couponHistoryFacts(shop: string): RowFacts {
  return sql`
    select 'coupon history ' || event_id || ' of user coupon ' || user_coupon_id as "row",
      'step before ' || action as fact, before as actual,
      case when before = any(allowed) then before else array_to_string(allowed, ' or ') end
        as expected
    from (
      select event_id, user_coupon_id, action, lag(action, 1, 'none') over (
        partition by user_coupon_id order by event_id, line
      ) as before
      from coupon_history where shop = ${shop}
    ) history
    join (values
      ('ISSUED', array['none']),
      ('HELD', array['ISSUED', 'RESTORED']),
      ('USED', array['ISSUED', 'RESTORED', 'HELD']),
      ('RESTORED', array['HELD', 'USED']),
      ('EXPIRED', array['ISSUED', 'RESTORED', 'HELD'])
    ) steps (action, allowed) using (action)`
}
