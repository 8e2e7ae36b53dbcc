import { sql } from 'kysely'
import { type HotUserCoupon, parseUserCoupons } from '../engine/user-coupons.ts'
import { shopKey } from '../redis/keys.ts'
import { couponOf } from './coupons.ts'
import { type Facts, hashSide, type Mirror, orderOf, pageOfKeys, put } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/** The user coupons of every user and coupon: `{ 'rank 3': 'USED' }`. An entity is `<coupon>:<user>`. */
export function userCouponMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `coupon ${id.replace(':', ' of user ')}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'claims'), { factsOf: ([field]) => factsOf(field ?? '') }),
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'user_coupons', column: 'user_id' }, after),
      keyOf: (id) => id.slice(id.indexOf(':') + 1),
      rows: (userIds) => sql`
        select coupon_id || ':' || user_id as id,
          jsonb_object_agg('rank ' || rank, status) as facts
        from user_coupons where shop = ${shop} and user_id = any(${userIds})
        group by coupon_id, user_id`,
    },
    apply(event, entities) {
      if (event.type === 'coupon_claimed') {
        const { couponId, userId, rank } = event.data
        put(entities.get(`${couponId}:${userId}`), { [`rank ${rank}`]: 'AVAILABLE' })
      }
      if (event.type === 'coupon_expired') {
        move(event.data.userCouponId, event.data.userId, 'EXPIRED')
      }
      const order = orderOf(event)
      if (order?.userCouponId && order.userCouponStatus) {
        move(order.userCouponId, order.userId, order.userCouponStatus)
      }

      function move(userCouponId: string, userId: string, status: string) {
        const couponId = couponOf(userCouponId)
        const rank = userCouponId.slice(couponId.length + 1)
        put(entities.get(`${couponId}:${userId}`), { [`rank ${rank}`]: status })
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
  return Object.fromEntries(list.map(({ rank, status }) => [`rank ${rank}`, status]))
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
