import { sql } from 'kysely'
import { limits } from '../limits.ts'
import { shopKey } from '../redis/keys.ts'
import { type Facts, hashSide, type Mirror, noKeys, pageOfKeys, put } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/** The code that all claimants of a coupon share. An entity is the code in upper case. */
export function sharedCodeMirror(shop: string): Mirror {
  return {
    nameOf: (code) => `code ${code}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'codes'), { factsOf: ([coupon]) => ({ coupon: coupon ?? '' }) }),
    persisted: {
      keys: (after) =>
        pageOfKeys(
          shop,
          { table: 'coupons', column: sql`upper(code)`, where: sql`code is not null` },
          after,
        ),
      rows: (codes) => sql`
        select upper(code) as id, jsonb_build_object('coupon', id) as facts
        from coupons where shop = ${shop} and code is not null and upper(code) = any(${codes})`,
    },
    apply(event, entities) {
      if (event.type !== 'coupon_created' || event.data.code === undefined) return
      put(entities.get(event.data.code.toUpperCase()), { coupon: event.data.id })
    },
  }
}

/** Single-use codes: whose they are, and what they gave to whom. An entity is the digest of a code. */
export function uniqueCodeMirror(shop: string): Mirror {
  return {
    nameOf: (digest) => `code with the digest ${digest}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'uniqueCodes'), { factsOf: ([field]) => codeFacts(field ?? '') }),
    persisted: {
      keys: noKeys,
      rows: (digests) => sql`
        select c.digest as id, jsonb_strip_nulls(jsonb_build_object(
          'coupon', c.coupon_id, 'user coupon', c.user_coupon_id, 'user', (
            select u.user_id from user_coupons u where u.shop = c.shop and u.id = c.user_coupon_id
          )
        )) as facts
        from coupon_codes c
        where c.shop = ${shop} and c.digest = any(${digests})`,
      fields: {
        hash: shopKey(shop, 'uniqueCodes'),
        page: (after) => sql`
          select max(digest) as last, string_agg(digest, E'\\n') as fields,
            string_agg(coalesce(field, '?'), E'\\n') as values
          from (
            select c.digest, case when c.user_coupon_id is null then c.coupon_id else (
              select u.coupon_id || ':' || u.user_id || ':' || u.rank from user_coupons u
              where u.shop = c.shop and u.id = c.user_coupon_id and u.coupon_id = c.coupon_id
            ) end as field
            from coupon_codes c where c.shop = ${shop} and c.digest > ${after}
            order by c.digest limit ${limits.verifyFieldsPage}
          ) page having count(*) > 0`,
      },
    },
    apply(event, entities) {
      if (event.type === 'codes_added') {
        for (const digest of event.data.digests) {
          put(entities.get(digest), { coupon: event.data.couponId })
        }
      }
      if (event.type === 'coupon_claimed' && event.data.codeDigest !== undefined) {
        const { codeDigest, userCouponId, userId } = event.data
        put(entities.get(codeDigest), { 'user coupon': userCouponId, user: userId })
      }
    },
  }
}

/** The facts of a field of `unique-codes`; src/redis/keys.ts gives its two forms. */
function codeFacts(field: string): Facts {
  const [, coupon, user, rank] = /^([^:]+)(?::([^:]+):(\d+))?$/.exec(field) ?? []
  if (coupon === undefined) return { record: 'unreadable' }
  return user === undefined ? { coupon } : { coupon, 'user coupon': `${coupon}.${rank}`, user }
}

/** A claimed code gave one user coupon of its own coupon, and no other code gave the same one. */
export function claimedCodeFacts(shop: string): RowFacts {
  return sql`
    select 'code with the digest ' || digest as "row", fact.fact, fact.actual, fact.expected
    from (
      select digest, coupon_id, user_coupon_id,
        count(*) over (partition by user_coupon_id) as codes
      from coupon_codes where shop = ${shop} and user_coupon_id is not null
    ) claimed
    left join (
      select id as user_coupon_id, coupon_id as given_coupon_id
      from user_coupons where shop = ${shop}
    ) given using (user_coupon_id)
    cross join lateral (values
      ('coupon that it gave one of', given_coupon_id, coupon_id),
      ('codes that gave the same user coupon', codes::text, '1')
    ) fact (fact, actual, expected)`
}

/** Of a coupon that single-use codes alone give, as many are issued as codes are claimed. */
export function codesOnlyFacts(shop: string): RowFacts {
  return sql`
    select 'coupon ' || c.id as "row", 'claimed codes, one per user coupon' as fact,
      coalesce(claimed.codes, 0)::text as actual, c.issued_quantity::text as expected
    from coupons c
    left join (
      select coupon_id, count(*) as codes
      from coupon_codes where shop = ${shop} and user_coupon_id is not null group by coupon_id
    ) claimed on claimed.coupon_id = c.id
    where c.shop = ${shop} and c.code_required and c.code is null`
}
