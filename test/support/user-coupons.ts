import { bucketOf, type HotUserCoupon, parseUserCoupons } from '../../src/engine/user-coupons.ts'
import type { RedisClient } from '../../src/redis/client.ts'
import { shopKey } from '../../src/redis/keys.ts'

const replaceField = `
  return redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] and redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) + 1 or 0`

/** Looks at the user coupons of a shop and changes them, as if time had passed or a hand had slipped. */
export function openUserCoupons(redis: RedisClient, shop: string) {
  const [coupons, claims] = [shopKey(shop, 'coupons'), shopKey(shop, 'claims')]

  /** Replaces the record of a user coupon in its bucket. */
  async function changeUserCoupon(
    userCouponId: string,
    userId: string,
    change: (record: string) => string,
  ): Promise<void> {
    const [couponId, rank] = userCouponId.split('.')
    const issued = Number(await redis.hget(coupons, `${couponId}:issued`))
    const field = `${couponId}:${bucketOf(userId, issued)}`
    const bucket = (await redis.hget(claims, field)) as string
    const record = new RegExp(`\\|${userId} ${Number(rank).toString(16)} [^|]+`)
    const changed = bucket.replace(record, change)
    // Others of the bucket may be claimed or changed meanwhile.
    const done = await redis.eval(replaceField, 1, claims, field, bucket, changed)
    if (done === 0) await changeUserCoupon(userCouponId, userId, change)
  }

  return {
    changeUserCoupon,
    /** Moves the expiry of a user's coupon into the past, or to another time. */
    lapseCoupon: (userCouponId: string, userId: string, expiresAtMs = 1) =>
      changeUserCoupon(userCouponId, userId, (record) =>
        record.replace(/[A-Z][\da-f]*$/, (end) => end.charAt(0) + expiresAtMs.toString(16)),
      ),
    /** What a user has of a coupon. */
    async userCoupons(couponId: string, userId: string): Promise<HotUserCoupon[]> {
      const replies = await redis.readUserCoupons(2, coupons, claims, couponId, userId, '')
      return parseUserCoupons((replies as string[])[0] as string)
    },
  }
}
