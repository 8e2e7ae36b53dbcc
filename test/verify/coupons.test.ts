import { describe, expect } from 'vitest'
import { codeDigest } from '../../src/domain/codes.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'
import type { CleanSale } from './clean-sale.ts'
import { type Corruption, expectEachToBeNamed } from './corruption.ts'

const books = await openBooks()

const corruptions: Corruption[] = [
  {
    check: 'coupons',
    when: 'Redis has issued one more than Postgres',
    spoil: (sale) => sale.redis.hincrby(sale.key('coupons'), `${sale.ids.coupon}:issued`, 1),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon}`, fact: 'issued in Redis' }),
  },
  {
    check: 'coupons',
    when: 'Postgres counts one used too few',
    spoil: (sale) =>
      sale.spoilRow(
        `update coupons set used_quantity = 1 where shop = $shop and id = '${sale.ids.coupon}'`,
      ),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon}`, fact: 'used against used user coupons' }),
  },
  {
    check: 'coupons',
    when: 'the limit per user is broken',
    spoil: async (sale) => {
      const twice = await sale.coupon({ perUserLimit: 2 })
      value(await sale.claim(twice, 'ann'))
      value(await sale.claim(twice, 'ann'))
      await sale.drain()
      // Redis is spoiled in the same way, so that it is the limit alone that is off.
      await sale.spoilRow(
        `update coupons set per_user_limit = 1 where shop = $shop and id = '${twice}'`,
      )
      await sale.spoilRecord('coupons', twice, { perUserLimit: 1 })
    },
    names: () => ({
      row: expect.stringMatching(/^coupon \S+ of user ann$/),
      fact: 'user coupons, not above the limit per user',
    }),
  },
  {
    check: 'user-coupons',
    when: 'a hot claim has another status',
    spoil: (sale) =>
      sale.changeUserCoupon(`${sale.ids.coupon}.1`, 'ann', (record) => record.replace('U', 'A')),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user ann`, fact: 'rank 1 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'a hot claim is lost',
    spoil: (sale) => sale.changeUserCoupon(`${sale.ids.coupon}.2`, 'bob', () => ''),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user bob`, fact: 'rank 2 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'Redis has a claim that nobody made',
    spoil: (sale) =>
      sale.changeUserCoupon(`${sale.ids.coupon}.2`, 'bob', (record) => `${record}|eve 9 1A`),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user eve`, fact: 'rank 9 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'a hot claim is there twice',
    spoil: (sale) =>
      sale.changeUserCoupon(`${sale.ids.coupon}.2`, 'bob', (record) => record + record),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user bob`, fact: 'rank 2 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'a hot claim lies in a bucket where nobody looks for it',
    spoil: async (sale) => {
      const id = sale.ids.coupon
      await sale.redis.hset(sale.key('claims'), `${id}:7`, '|bob 2 1A')
      await sale.changeUserCoupon(`${id}.2`, 'bob', () => '')
    },
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user bob`, fact: 'rank 2 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'a hot claim lies in a second bucket too',
    spoil: (sale) => sale.redis.hset(sale.key('claims'), `${sale.ids.coupon}:7`, '|bob 2 1A'),
    names: (sale) => ({
      row: `coupon ${sale.ids.coupon} of user bob in bucket 7`,
      fact: 'rank 2 in Redis',
    }),
  },
  {
    check: 'coupons',
    when: 'a paused coupon is active in Redis',
    spoil: (sale) => sale.spoilRecord('coupons', sale.ids.spring, { status: 'ACTIVE' }),
    names: (sale) => ({ row: `coupon ${sale.ids.spring}`, fact: 'status in Redis' }),
  },
  {
    check: 'coupons',
    when: 'a coupon has an end in Redis only',
    spoil: (sale) => sale.spoilRecord('coupons', sale.ids.spring, { validUntil: 99 }),
    names: (sale) => ({ row: `coupon ${sale.ids.spring}`, fact: 'validUntil in Redis' }),
  },
  {
    check: 'coupons',
    when: 'a coupon has another quantity in Postgres',
    spoil: (sale) =>
      sale.spoilRow(`update coupons set total_quantity = total_quantity + 1
        where shop = $shop and id = '${sale.ids.spring}'`),
    names: (sale) => ({ row: `coupon ${sale.ids.spring}`, fact: 'totalQuantity in Redis' }),
  },
  {
    check: 'coupons',
    when: 'Redis has forgotten that a coupon requires a code',
    spoil: (sale) => sale.spoilRecord('coupons', sale.ids.gift, { codeRequired: undefined }),
    names: (sale) => ({ row: `coupon ${sale.ids.gift}`, fact: 'codeRequired in Redis' }),
  },
  {
    check: 'coupons',
    when: 'a coupon takes off more in Redis',
    spoil: (sale) => sale.spoilRecord('coupons', sale.ids.gift, { maxDiscountAmount: 901 }),
    names: (sale) => ({ row: `coupon ${sale.ids.gift}`, fact: 'maxDiscountAmount in Redis' }),
  },
  {
    check: 'coupons',
    when: 'a coupon that came back with a refund still counts as used in Redis',
    spoil: (sale) => sale.redis.hincrby(sale.key('coupons'), `${sale.ids.spring}:used`, 1),
    names: (sale) => ({ row: `coupon ${sale.ids.spring}`, fact: 'used in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'an expired user coupon is available in Postgres',
    spoil: (sale) =>
      sale.spoilRow(`update user_coupons set status = 'AVAILABLE'
        where shop = $shop and id = '${sale.ids.brief}.1'`),
    names: (sale) => ({
      row: `user coupon ${sale.ids.brief}.1`,
      fact: 'status, as its history left it',
    }),
  },
  {
    check: 'user-coupons',
    when: 'a coupon that came back with a refund is used in Redis',
    spoil: (sale) =>
      sale.changeUserCoupon(`${sale.ids.spring}.1`, 'dan', (record) => record.replace('A', 'U')),
    names: (sale) => ({ row: `coupon ${sale.ids.spring} of user dan`, fact: 'rank 1 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'the restoration of a user coupon is missing from its history',
    spoil: (sale) =>
      sale.spoilRow(`delete from coupon_history
        where shop = $shop and user_coupon_id = '${sale.ids.spring}.1' and action = 'RESTORED'`),
    names: (sale) => ({
      row: `user coupon ${sale.ids.spring}.1`,
      fact: 'status, as its history left it',
    }),
  },
  {
    check: 'user-coupons',
    when: 'the use of a user coupon is missing from its history',
    spoil: (sale) =>
      sale.spoilRow(`delete from coupon_history
        where shop = $shop and user_coupon_id = '${sale.ids.spring}.1' and action = 'USED'`),
    names: (sale) => ({
      row: expect.stringMatching(
        new RegExp(`^coupon history \\d+ of user coupon ${sale.ids.spring}.1$`),
      ),
      fact: 'step before RESTORED',
    }),
  },
  {
    check: 'user-coupons',
    when: 'a history does not begin when the user coupon is issued',
    spoil: (sale) =>
      sale.spoilRow(`delete from coupon_history
        where shop = $shop and user_coupon_id = '${sale.ids.brief}.1' and action = 'ISSUED'`),
    names: (sale) => ({
      row: expect.stringMatching(
        new RegExp(`^coupon history \\d+ of user coupon ${sale.ids.brief}.1$`),
      ),
      fact: 'step before EXPIRED',
    }),
  },
  {
    check: 'codes',
    when: 'a shared code leads to another coupon in Redis',
    spoil: (sale) => sale.redis.hset(sale.key('codes'), sale.ids.sharedCode, sale.ids.gift),
    names: (sale) => ({ row: `code ${sale.ids.sharedCode}`, fact: 'coupon in Redis' }),
  },
  {
    check: 'codes',
    when: 'a shared code is lost from Redis',
    spoil: (sale) => sale.redis.hdel(sale.key('codes'), sale.ids.sharedCode),
    names: (sale) => ({ row: `code ${sale.ids.sharedCode}`, fact: 'coupon in Redis' }),
  },
  {
    check: 'codes',
    when: 'Redis has a shared code that no coupon has',
    spoil: (sale) => sale.redis.hset(sale.key('codes'), 'SUMMER', sale.ids.gift),
    names: () => ({ row: 'code SUMMER', fact: 'coupon in Redis' }),
  },
  {
    check: 'codes',
    when: 'a claimed code is free in Redis',
    spoil: (sale) => sale.redis.hset(sale.key('uniqueCodes'), digestOf(sale, 0), sale.ids.gift),
    names: (sale) => ({ row: rowOf(sale, 0), fact: 'user coupon in Redis' }),
  },
  {
    check: 'codes',
    when: "a code is another user's in Redis",
    spoil: (sale) =>
      sale.redis.hset(sale.key('uniqueCodes'), digestOf(sale, 0), `${sale.ids.gift}:eve:1`),
    names: (sale) => ({ row: rowOf(sale, 0), fact: 'user in Redis' }),
  },
  {
    check: 'codes',
    when: 'a free code is lost from Redis',
    spoil: (sale) => sale.redis.hdel(sale.key('uniqueCodes'), digestOf(sale, 3)),
    names: (sale) => ({ row: rowOf(sale, 3), fact: 'coupon in Redis' }),
  },
  {
    check: 'codes',
    when: 'Redis has a code that nobody made',
    spoil: (sale) => sale.redis.hset(sale.key('uniqueCodes'), 'made-up', sale.ids.gift),
    names: () => ({ row: 'code with the digest made-up', fact: 'coupon in Redis' }),
  },
  {
    check: 'codes',
    when: 'a hot code cannot be read',
    spoil: (sale) => sale.redis.hset(sale.key('uniqueCodes'), digestOf(sale, 0), '::'),
    names: (sale) => ({ row: rowOf(sale, 0), fact: 'record in Redis' }),
  },
  {
    check: 'codes',
    when: 'a code is claimed in Postgres for a user coupon that does not exist',
    spoil: (sale) => sale.spoilRow(claimedFor(sale, 1, `${sale.ids.gift}.9`)),
    names: (sale) => ({ row: rowOf(sale, 1), fact: 'coupon that it gave one of' }),
  },
  {
    check: 'codes',
    when: 'two codes gave the same user coupon',
    spoil: async (sale) => {
      await sale.spoilRow(claimedFor(sale, 1, `${sale.ids.gift}.1`))
      // Redis is spoiled in the same way, so that it is the user coupon alone that is off.
      const claimed = `${sale.ids.gift}:dan:1`
      await sale.redis.hset(sale.key('uniqueCodes'), digestOf(sale, 1), claimed)
    },
    names: (sale) => ({ row: rowOf(sale, 1), fact: 'codes that gave the same user coupon' }),
  },
  {
    check: 'codes',
    when: 'a user coupon came without a code',
    spoil: async (sale) => {
      await sale.spoilRow(`update coupon_codes set user_coupon_id = null, claimed_at = null
        where shop = $shop and digest = '${digestOf(sale, 1)}'`)
      await sale.redis.hset(sale.key('uniqueCodes'), digestOf(sale, 1), sale.ids.gift)
    },
    names: (sale) => ({
      row: `coupon ${sale.ids.gift}`,
      fact: 'claimed codes, one per user coupon',
    }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  expectEachToBeNamed(books, corruptions)
})

/** The digest of a single-use code of the sale: the first two are claimed, the others are free. */
function digestOf(sale: CleanSale, index: number): string {
  return codeDigest(sale.shop, sale.ids.codes[index] as string)
}

function rowOf(sale: CleanSale, index: number): string {
  return `code with the digest ${digestOf(sale, index)}`
}

function claimedFor(sale: CleanSale, index: number, userCouponId: string): string {
  return `update coupon_codes set user_coupon_id = '${userCouponId}'
    where shop = $shop and digest = '${digestOf(sale, index)}'`
}
