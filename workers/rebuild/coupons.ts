import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import type { Entry } from './hot-writer.ts'
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
          [key, JSON.stringify(facts)],
          [`${key}:issued`, issued],
          [`${key}:used`, used],
        ]),
      )
      hot.setFields(
        'codes',
        rows.flatMap(({ key, code }): Entry[] => (code ? [[code, key]] : [])),
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
        rows.map(({ key, field }) => [key, field]),
      )
    },
  )
}

/**
 * What users have of coupons, in the format of lua/includes/user-coupons.lua. A field has all of one user and coupon:
 * where that may be several rows, the first of them brings the others along. (A condition of the join instead of the
 * subquery would have the others looked up for every row.)
 */
export async function loadUserCoupons(load: ShopLoad): Promise<void> {
  const { shop, hot } = load
  const own = sql`concat(
    u.rank, ' ', ${msOf('u.issued_at')}, ' ', coalesce(${msOf('u.expires_at')}, 0), ' ',
    left(u.status, 1), substr(u.order_id, 12)
  )`
  await eachPage(
    load,
    '',
    (after) => sql<{ key: string; field: string; text: string | null }>`
      select page.id as key, page.coupon_id || ':' || page.user_id as field,
        case when c.per_user_limit = 1 then page.own
          when page.rank = several.first then several.texts end as text
      from (
        select u.shop, u.id, u.coupon_id, u.user_id, u.rank, ${own} as own
        from user_coupons u where u.shop = ${shop} and u.id > ${after}
        order by u.id limit ${limits.rebuildRowsMax}
      ) page
      join coupons c on c.shop = page.shop and c.id = page.coupon_id
      cross join lateral (
        select min(u.rank) as first, string_agg(${own}, '|' order by u.rank) as texts
        from user_coupons u
        where c.per_user_limit > 1
          and u.shop = page.shop and u.user_id = page.user_id and u.coupon_id = page.coupon_id
      ) several
      order by page.id`,
    (rows) => {
      hot.setFields(
        'claims',
        rows.flatMap(({ field, text }): Entry[] => (text === null ? [] : [[field, text]])),
      )
    },
  )
}
