import { sql } from 'kysely'
import { bucketOf, type HotUserCoupon, parseUserCoupons } from '../engine/user-coupons.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import { composeScript } from '../redis/scripts.ts'
import { couponOf } from './coupons.ts'
import {
  type Facts,
  type HotSide,
  type Mirror,
  msOf,
  orderOf,
  pageOfKeys,
  put,
  scanHash,
} from './mirror.ts'
import type { RowFacts } from './row-facts.ts'
import { countSameUserCoupons } from './same-user-coupons.ts'

/**
 * The user coupons of every user and coupon, e.g. `{ 'rank 3': 'USED' }` and when each is issued and, unless it has,
 * expires in ms. An entity is `<coupon>:<user>`, or `<coupon>:<user>:<bucket>` for what lies in another bucket than
 * that of the user, where no decision would find it: there is nothing like that.
 */
export function userCouponMirror(shop: string): Mirror {
  return {
    nameOf: (id) => {
      const [couponId, userId, bucket] = partsOf(id)
      return `coupon ${couponId} of user ${userId}${bucket ? ` in bucket ${bucket}` : ''}`
    },
    countSame: ({ redis, db }) => countSameUserCoupons({ redis, db, shop }),
    absent: {},
    hot: bucketSide(shop),
    persisted: {
      keys: (after) =>
        pageOfKeys(shop, { table: 'user_coupons', column: 'user_id', repeats: true }, after),
      keyOf: (id) => partsOf(id)[1],
      rows: (userIds) => sql`
        select coupon_id || ':' || user_id as id,
          jsonb_object_agg('rank ' || rank, status)
          || jsonb_object_agg('issue of rank ' || rank, ${msOf('issued_at')})
          || coalesce(jsonb_object_agg('expiry of rank ' || rank, ${msOf('expires_at')})
            filter (where expires_at is not null and status <> 'EXPIRED'), '{}') as facts
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
        move(order.userCouponId, order.userId, order.userCouponStatus)
      }

      function move(userCouponId: string, userId: string, status: string) {
        const couponId = couponOf(userCouponId)
        const rank = userCouponId.slice(couponId.length + 1)
        const facts = entities.get(`${couponId}:${userId}`)
        put(facts, { [`rank ${rank}`]: status })
        if (status === 'EXPIRED') put(facts, { [`expiry of rank ${rank}`]: null })
      }
    },
  }
}

const readScript = composeScript('read-user-coupons')

function bucketSide(shop: string): HotSide {
  const [coupons, claims] = [shopKey(shop, 'coupons'), shopKey(shop, 'claims')]
  return {
    async *scan(redis) {
      for await (const buckets of scanHash(redis, claims)) {
        const issued = await readIssued(
          redis,
          coupons,
          buckets.map(([field]) => partsOf(field)[0]),
        )
        const ids = buckets.flatMap(([field, records]) => {
          const [couponId, bucket] = partsOf(field)
          return usersOf(records).map((userId) => {
            const isOwn = bucketOf(userId, issued.get(couponId) ?? 0) === Number(bucket)
            return isOwn ? `${couponId}:${userId}` : `${couponId}:${userId}:${bucket}`
          })
        })
        for (let start = 0; start < ids.length; start += limits.verifyChunk) {
          yield ids.slice(start, start + limits.verifyChunk)
        }
      }
    },
    read(commands, ids) {
      for (let start = 0; start < ids.length; start += limits.verifyUserCoupons) {
        const parts = ids
          .slice(start, start + limits.verifyUserCoupons)
          .flatMap((id) => [...partsOf(id), ''].slice(0, 3))
        // A client that sends the digest of a script first would find out too late, within a transaction.
        commands.eval(readScript, 2, coupons, claims, ...parts)
      }
      return (replies) =>
        (replies as string[][]).flat().map((records) => (records === '' ? null : factsOf(records)))
    },
  }
}

async function readIssued(redis: RedisClient, key: string, couponIds: string[]) {
  const ids = [...new Set(couponIds)]
  const counts = await redis.hmget(key, ...ids.map((id) => `${id}:issued`))
  return new Map(ids.map((id, index) => [id, Number(counts[index])]))
}

/** The users with a record in a bucket, also where another record of it is unreadable. */
function usersOf(records: string): string[] {
  return [...new Set([...records.matchAll(/\|([^| ]+)/g)].map(([, userId]) => userId as string))]
}

const partsOf = (id: string) => id.split(':') as [string, string, ...string[]]

function factsOf(records: string): Facts {
  let list: HotUserCoupon[]
  try {
    list = parseUserCoupons(records)
  } catch {
    return { record: 'unreadable' }
  }
  const facts: Facts = {}
  for (const { rank, status, issuedAtMs, expiresAtMs } of list) {
    put(facts, {
      [`rank ${rank}`]: `rank ${rank}` in facts ? 'twice' : status,
      [`issue of rank ${rank}`]: issuedAtMs,
      [`expiry of rank ${rank}`]: status === 'EXPIRED' ? null : expiresAtMs,
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
