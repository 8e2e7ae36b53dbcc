import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { bucketCount, bucketOf } from '../engine/user-coupons.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import { msOf, scanHash } from './mirror.ts'

/** The hot record of a row `u` of `user_coupons`, in the format of lua/includes/user-coupons.lua. */
export function userCouponRecord(): RawBuilder<string> {
  return sql`concat(
    '|', u.user_id, ' ', to_hex(u.rank), ' ', to_hex(${msOf('u.issued_at')}),
    left(u.status, 1), to_hex(${msOf('u.expires_at')})
  )`
}

type Place = { redis: RedisClient; db: Database; shop: string }

/**
 * Proves that both sides have the same user coupons, several times faster than to look at the facts of every user: it
 * goes through the buckets in their order, each record must be in that of its user and be what Postgres makes of the
 * row, there are as many rows, and no other buckets.
 *
 * @returns how many there are; null where it is no proof, because something differs or somebody claims meanwhile.
 */
export async function countSameUserCoupons({ redis, db, shop }: Place): Promise<number | null> {
  const issued = await readIssued(redis, shop)
  let found = 0
  let buckets = 0
  for (const [couponId, units] of issued) {
    for (let first = 0; first < bucketCount(units); first += limits.verifyBuckets) {
      const end = Math.min(bucketCount(units), first + limits.verifyBuckets)
      const numbers = Array.from({ length: end - first }, (_, index) => first + index)
      const fields = numbers.map((bucket) => `${couponId}:${bucket}`)
      const texts = await redis.hmget(shopKey(shop, 'claims'), ...fields)
      const records = texts.flatMap((text, index) => recordsOf(text ?? '', first + index, units))
      if (records.includes(null)) return null
      if (!(await arePersisted({ db, shop, couponId }, records as HotRecord[]))) return null
      found += records.length
      buckets += texts.filter((text) => text !== null).length
    }
  }
  const { rows } = await sql<{ count: string }>`
    select count(*) from user_coupons where shop = ${shop}`.execute(db)
  const size = await redis.hlen(shopKey(shop, 'claims'))
  const now = await readIssued(redis, shop)
  const isAll = Number(rows[0]?.count) === found && size === buckets + 1
  const isStill =
    now.size === issued.size && [...now].every(([id, units]) => issued.get(id) === units)
  return isAll && isStill ? found : null
}

type HotRecord = { rank: number; text: string }

/** The records of a bucket; null for one of a user whose bucket it is not. */
function recordsOf(text: string, bucket: number, issued: number): (HotRecord | null)[] {
  return text
    .split('|')
    .slice(1)
    .map((record) => {
      const [userId, rank] = record.split(' ', 2) as [string, string]
      const isOwn = bucketOf(userId, issued) === bucket
      return isOwn ? { rank: Number.parseInt(rank, 16), text: `|${record}` } : null
    })
}

/** Whether each of them is what Postgres has, and none comes twice. */
async function arePersisted(
  { db, shop, couponId }: { db: Database; shop: string; couponId: string },
  records: readonly HotRecord[],
): Promise<boolean> {
  const { rows } = await sql<{ rank: number; text: string }>`
    select u.rank, ${userCouponRecord()} as text from user_coupons u
    where u.shop = ${shop} and u.coupon_id = ${couponId}
      and u.rank = any(${records.map(({ rank }) => rank)}::integer[])`.execute(db)
  const textOf = new Map(rows.map(({ rank, text }) => [rank, text]))
  return (
    rows.length === records.length && records.every(({ rank, text }) => textOf.get(rank) === text)
  )
}

async function readIssued(redis: RedisClient, shop: string): Promise<Map<string, number>> {
  const issued = new Map<string, number>()
  for await (const fields of scanHash(redis, shopKey(shop, 'coupons'))) {
    for (const [field, units] of fields) {
      if (field.endsWith(':issued')) issued.set(field.slice(0, -':issued'.length), Number(units))
    }
  }
  return issued
}
