import { type RawBuilder, sql } from 'kysely'
import { type Database, inSnapshot, keepIndexOrder } from '../db/database.ts'
import { bucketCount, bucketOf } from '../engine/user-coupons.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import { msOf, scanHash } from './mirror.ts'
import { openTextSum, type TextSum } from './text-sum.ts'

/** The hot record of a row `u` of `user_coupons`, in the format of lua/includes/user-coupons.lua. */
export function userCouponRecord(): RawBuilder<string> {
  return sql`concat(
    '|', u.user_id, ' ', to_hex(u.rank), ' ', to_hex(${msOf('u.issued_at')}),
    left(u.status, 1), to_hex(${msOf('u.expires_at')})
  )`
}

type Place = { redis: RedisClient; db: Database; shop: string }

/**
 * Proves that both sides have the same user coupons, ten times faster than to look at the facts of every user: each
 * record of a bucket must be in that of its user, there are no other buckets, and the records sum to what those that
 * Postgres makes of its rows sum to.
 *
 * @returns how many there are; null where it is no proof, because something differs or somebody claims meanwhile.
 */
export async function countSameUserCoupons({ redis, db, shop }: Place): Promise<number | null> {
  const issued = await readIssued(redis, shop)
  const ofRedis = openTextSum()
  const ofPostgres = openTextSum()
  let buckets = 0
  for (const [couponId, units] of issued) {
    const [found] = await Promise.all([
      sumBuckets({ redis, shop, couponId, units }, ofRedis),
      sumRows({ db, shop, couponId }, ofPostgres),
    ])
    if (found === null) return null
    buckets += found
  }
  const { rows } = await sql<{ count: string }>`
    select count(*) from user_coupons where shop = ${shop}`.execute(db)
  const size = await redis.hlen(shopKey(shop, 'claims'))
  const now = await readIssued(redis, shop)
  const count = ofRedis.count()
  const isAll =
    ofPostgres.value() === ofRedis.value() &&
    Number(rows[0]?.count) === count &&
    size === buckets + 1
  const isStill =
    now.size === issued.size && [...now].every(([id, units]) => issued.get(id) === units)
  return isAll && isStill ? count : null
}

/** Adds the records of a coupon's buckets. Returns how many; null where one is none, or in a wrong bucket. */
async function sumBuckets(
  { redis, shop, couponId, units }: Omit<Place, 'db'> & { couponId: string; units: number },
  sum: TextSum,
): Promise<number | null> {
  let buckets = 0
  for (let first = 0; first < bucketCount(units); first += limits.verifyBuckets) {
    const end = Math.min(bucketCount(units), first + limits.verifyBuckets)
    const numbers = Array.from({ length: end - first }, (_, index) => first + index)
    const fields = numbers.map((bucket) => `${couponId}:${bucket}`)
    const texts = await redis.hmget(shopKey(shop, 'claims'), ...fields)
    for (const [index, text] of texts.entries()) {
      if (text === null) continue
      if (!text.startsWith('|')) return null
      buckets += 1
      for (const record of recordsOf(text)) {
        const userId = record.slice(0, record.indexOf(' '))
        if (bucketOf(userId, units) !== first + index) return null
        sum.add(record)
      }
    }
  }
  return buckets
}

/** Adds the records of a coupon's rows, some at a time, so that neither a statement nor a sum takes long. */
async function sumRows(
  { db, shop, couponId }: Omit<Place, 'redis'> & { couponId: string },
  sum: TextSum,
): Promise<void> {
  await inSnapshot(db, async (snapshot) => {
    await keepIndexOrder(snapshot)
    const pageAfter = (rank: number) =>
      sql<{ last: number; records: string }>`
        select max(rank) as last, string_agg(record, '') as records from (
          select u.rank, ${userCouponRecord()} as record from user_coupons u
          where u.shop = ${shop} and u.coupon_id = ${couponId} and u.rank > ${rank}
          order by u.rank limit ${limits.verifySumRows}
        ) page having count(*) > 0`.execute(snapshot)
    let [page] = (await pageAfter(0)).rows
    while (page) {
      const next = pageAfter(page.last)
      for (const record of recordsOf(page.records)) sum.add(record)
      page = (await next).rows[0]
    }
  })
}

/** Records that lie one after the other, without the sign that each begins with. */
function recordsOf(text: string): string[] {
  return text.split('|').slice(1)
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
