import { sql } from 'kysely'
import { type HotUserCoupon, parseUserCoupons } from '../engine/user-coupons.ts'
import { shopKey } from '../redis/keys.ts'
import { couponOf } from './coupons.ts'
import { type Facts, hashSide, type Mirror, orderOf, pageOfKeys } from './mirror.ts'

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
    apply(event, find) {
      if (event.type === 'coupon_claimed') {
        const facts = find(`${event.data.couponId}:${event.data.userId}`)
        if (facts) facts[`rank ${event.data.rank}`] = 'AVAILABLE'
      }
      const order = orderOf(event)
      if (order?.userCouponId && order.userCouponStatus) {
        const couponId = couponOf(order.userCouponId)
        const facts = find(`${couponId}:${order.userId}`)
        if (facts)
          facts[`rank ${order.userCouponId.slice(couponId.length + 1)}`] = order.userCouponStatus
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
