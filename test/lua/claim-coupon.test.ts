import { beforeEach, describe, expect, it } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('claim-coupon', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  it('coupon_not_found: refuses a coupon that does not exist', async () => {
    expect(codeOf(await sale.claim('nothing', 'ada'))).toBe('coupon_not_found')
  })

  it('shop_closed: refuses to take a missing counter for zero', async () => {
    const coupon = await sale.coupon()
    await redis.hdel(shopKey(sale.shop, 'coupons'), `${coupon}:issued`)
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('shop_closed')
  })

  it('coupon_inactive: refuses before it looks at the window', async () => {
    const coupon = await sale.coupon({ status: 'PAUSED', validFrom: Date.now() + 60_000 })
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('coupon_inactive')
  })

  it('not_started: refuses before validFrom by the clock of Redis', async () => {
    const coupon = await sale.coupon({ validFrom: Date.now() + 60_000, totalQuantity: 0 })
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('not_started')
  })

  it('ended: refuses from validUntil on, also a user who has claimed before', async () => {
    const coupon = await sale.coupon({ validUntil: Date.now() - 1, totalQuantity: 0 })
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('ended')
  })

  it('code_required: refuses every claim by id, after the window and before anything else', async () => {
    const coupon = await sale.coupon({ codeRequired: true, code: 'TEN', totalQuantity: 1 })
    await sale.claimByCode('TEN', 'ada')
    for (const user of ['ada', 'bob']) {
      await expectRefusal(sale, 'code_required', () => sale.claim(coupon, user))
    }
    const ended = await sale.coupon({ codeRequired: true, validUntil: Date.now() - 1 })
    expect(codeOf(await sale.claim(ended, 'ada'))).toBe('ended')
  })

  it('replayed: gives a user at the limit the same claim again, also when all are gone', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1, userCouponTtlSeconds: 60 })
    const first = await sale.claim(coupon, 'ada')
    const before = await sale.state()
    const again = await sale.claim(coupon, 'ada')
    expect(again).toEqual({ ok: true, replayed: true, value: value(first) })
    expect(await sale.state()).toEqual(before)
  })

  it('sold_out: refuses when all units are issued, and changes nothing', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1 })
    await sale.claim(coupon, 'ada')
    const before = await sale.state()
    expect(codeOf(await sale.claim(coupon, 'bob'))).toBe('sold_out')
    expect(await sale.state()).toEqual(before)
  })

  it('backlog_full: refuses what Postgres could not remember, but still answers a replay', async () => {
    const coupon = await sale.coupon()
    const first = value(await sale.claim(coupon, 'ada'))
    const full = sale.engineWith({ backlogMax: 1 })
    const before = await sale.state()
    expect(codeOf(await sale.claim(coupon, 'bob', full))).toBe('backlog_full')
    expect(value(await sale.claim(coupon, 'ada', full))).toEqual(first)
    expect(await sale.state()).toEqual(before)
  })

  it('claimed: numbers the claims and tells the outbox', async () => {
    const coupon = await sale.coupon()
    const ada = value(await sale.claim(coupon, 'ada'))
    const bob = value(await sale.claim(coupon, 'bob'))
    expect([ada.rank, bob.rank]).toEqual([1, 2])
    expect(ada.userCouponId).toBe(`${coupon}.1`)
    expect((await sale.events()).slice(1)).toEqual([
      { type: 'coupon_claimed', data: ada },
      { type: 'coupon_claimed', data: bob },
    ])
  })

  it('claimed: ends with the coupon or with its own lifetime, whichever is first', async () => {
    const validUntil = Date.now() + 30_000
    const short = await sale.coupon({ validUntil, userCouponTtlSeconds: 1 })
    const long = await sale.coupon({ validUntil, userCouponTtlSeconds: 3_600 })
    const shortClaim = value(await sale.claim(short, 'ada'))
    expect(shortClaim.expiresAt).toBe(shortClaim.issuedAt + 1_000)
    expect(value(await sale.claim(long, 'ada')).expiresAt).toBe(validUntil)
    expect(value(await sale.claim(await sale.coupon(), 'ada')).expiresAt).toBeUndefined()
  })

  it('claimed: gives a user as many as the coupon allows, each with its own rank', async () => {
    const coupon = await sale.coupon({ perUserLimit: 2 })
    expect(value(await sale.claim(coupon, 'ada')).rank).toBe(1)
    expect(value(await sale.claim(coupon, 'ada')).rank).toBe(2)
    expect(await sale.claim(coupon, 'ada')).toMatchObject({ replayed: true, value: { rank: 2 } })
  })

  it('claimed: issues exactly 100 of 100 under 1,000 claims at once, ranks 1 to 100', async () => {
    const coupon = await sale.coupon({ totalQuantity: 100 })
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, (_, user) => sale.claim(coupon, `user-${user}`)),
    )
    const ranks = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.rank] : []))
    expect(ranks.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, rank) => rank + 1))
    expect(new Set(outcomes.filter((outcome) => !outcome.ok).map(codeOf))).toEqual(
      new Set(['sold_out']),
    )
  })

  it('claimed: has one effect for one user who asks 50 times at once', async () => {
    const coupon = await sale.coupon({ totalQuantity: 100 })
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => sale.claim(coupon, 'ada')))
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => JSON.stringify(value(outcome)))).size).toBe(1)
  })
})
