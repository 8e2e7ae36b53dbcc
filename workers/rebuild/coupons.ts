import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import { userCouponRecord } from '../../src/verify/same-user-coupons.ts'
import { openBuckets } from './buckets.ts'
import type { Words } from './hot-writer.ts'
import { eachPage, type ShopLoad } from './pages.ts'

/**
 * Coupons with their counters and the codes that all claimants of one share. The time of a coupon's last change is not
 * among its facts: no answer tells it, and `coupons.updated_at` is that of its counters too.
 */
export async function loadCoupons(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  await eachPage(
    load,
    '',
    (after) => sql<{ key: string; facts: object; issued: number; used: number; code: string }>`
      select id as key, issued_quantity as issued, used_quantity as used, upper(code) as code,
        jsonb_strip_nulls(jsonb_build_object(
          'id', id, 'name', name, 'code', code, 'discountType', discount_type,
          'discountValue', discount_value, 'maxDiscountAmount', max_discount_amount,
          'minOrderAmount', min_order_amount, 'totalQuantity', total_quantity,
          'perUserLimit', per_user_limit, 'validFrom', ${msOf('valid_from')},
          'validUntil', ${msOf('valid_until')}, 'userCouponTtlSeconds', user_coupon_ttl_seconds,
          'restoreOnCancel', restore_on_cancel, 'codeRequired', code_required, 'status', status,
          'createdAt', ${msOf('created_at')}
        )) as facts
      from coupons where shop = ${shop} and id > ${after}
      order by id limit ${limits.rebuildRecordsMax}`,
    (rows) => {
      hot.setFields(
        'coupons',
        rows.flatMap(({ key, facts, issued, used }) => [
          ...[key, JSON.stringify(facts)],
          ...[`${key}:issued`, issued],
          ...[`${key}:used`, used],
        ]),
      )
      hot.setFields(
        'codes',
        rows.flatMap(({ key, code }) => (code ? [code, key] : [])),
      )
    },
  )
}

/** Single-use codes: the coupon of a free one, and whom a claimed one gave what. */
export async function loadUniqueCodes(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  await eachPage(
    load,
    '',
    (after) => sql<{ key: string; field: string }>`
      select c.digest as key, case when c.user_coupon_id is null then c.coupon_id else
        u.coupon_id || ':' || u.user_id || ':' || u.rank end as field
      from coupon_codes c left join user_coupons u on u.shop = c.shop and u.id = c.user_coupon_id
      where c.shop = ${shop} and c.digest > ${after}
      order by c.digest limit ${limits.rebuildRowsMax}`,
    (rows) => {
      hot.setFields(
        'unique-codes',
        rows.flatMap(({ key, field }) => [key, field]),
      )
    },
  )
}

/**
 * What users have of coupons, in the format of lua/includes/user-coupons.lua. A bucket has users from all over the
 * ranks of its coupon, so they are collected, and where they are too many for that, added to what is written already.
 */
export async function loadUserCoupons(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  const buckets = openBuckets()
  let isFirst = true

  async function write(): Promise<void> {
    let part: Words = []
    const writePart = async () => {
      if (isFirst) hot.setFields('claims', part)
      else await hot.appendToFields('claims', part)
      await hot.send()
      part = []
    }
    for (const bucket of buckets.take()) {
      part.push(...bucket)
      if (part.length === 2 * limits.rebuildRecordsMax) await writePart()
    }
    await writePart()
    isFirst = false
  }

  await eachPage(
    load,
    '.0',
    (after) => {
      const [couponId, rank] = after.split('.') as [string, string]
      // The records of a coupon are one text: the driver makes an object of every row, which took most of the time.
      return sql<{ key: string; couponId: string; issued: number; records: string }>`
        select "couponId" || '.' || max(rank) as key, "couponId", max(issued) as issued,
          string_agg(record, '' order by rank) as records
        from (
          select c.id as "couponId", u.rank, c.issued_quantity as issued, u.record
          from coupons c cross join lateral (
            select u.rank, ${userCouponRecord()} as record from user_coupons u
            where u.shop = c.shop and u.coupon_id = c.id
              and u.rank > case when c.id = ${couponId} then ${rank}::integer else 0 end
            order by u.rank limit ${limits.rebuildRowsMax}
          ) u
          where c.shop = ${shop} and c.id >= ${couponId}
          order by c.id, u.rank limit ${limits.rebuildRowsMax}
        ) page
        group by "couponId" order by "couponId"`
    },
    async (rows) => {
      for (const { couponId, issued, records } of rows) buckets.add(couponId, issued, records)
      if (buckets.count() >= limits.rebuildCollectedMax) await write()
    },
  )
  await write()
}
