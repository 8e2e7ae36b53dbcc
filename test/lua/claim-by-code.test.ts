import { beforeEach, describe, expect, it } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('claim-by-code', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  /** One new single-use code of a coupon. */
  async function codeOfCoupon(coupon: string): Promise<string> {
    const [code] = value(await sale.addCodes(coupon, 1))
    return code as string
  }

  it('code_not_found: gives one answer to every bad code, whatever is wrong with it', async () => {
    const now = Date.now()
    const bad = [
      { status: 'PAUSED' },
      { status: 'ENDED' },
      { validFrom: now + 60_000 },
      { validUntil: now - 1 },
    ] as const
    const codes = ['NOTHING', '#', '', await codeOfCoupon(await sale.coupon())]
    await sale.claimByCode(codes[3] as string, 'bob')
    for (const [number, facts] of bad.entries()) {
      const coupon = await sale.coupon({ ...facts, code: `BAD-${number}` })
      codes.push(`BAD-${number}`, await codeOfCoupon(coupon))
    }
    for (const code of codes) {
      await expectRefusal(sale, 'code_not_found', () => sale.claimByCode(code, 'ada'))
    }
  })

  it('code_not_found: tells nothing of a code that another user took, also where all are gone', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1 })
    const code = await codeOfCoupon(coupon)
    await sale.claimByCode(code, 'bob')
    await expectRefusal(sale, 'code_not_found', () => sale.claimByCode(code, 'ada'))
  })

  it('shop_closed: refuses to take a missing counter for zero', async () => {
    const coupon = await sale.coupon({ code: 'TEN' })
    await redis.hdel(shopKey(sale.shop, 'coupons'), `${coupon}:issued`)
    await expectRefusal(sale, 'shop_closed', () => sale.claimByCode('TEN', 'ada'))
  })

  it('replayed: gives the user who took a code his claim of it again', async () => {
    const coupon = await sale.coupon({ perUserLimit: 3 })
    const code = await codeOfCoupon(coupon)
    const first = value(await sale.claimByCode(code, 'ada'))
    await sale.claimByCode(await codeOfCoupon(coupon), 'ada')
    const before = await sale.state()
    const { codeDigest, ...claim } = first
    expect(await sale.claimByCode(code, 'ada')).toEqual({ ok: true, replayed: true, value: claim })
    expect(await sale.state()).toEqual(before)
  })

  it('replayed: has one effect for one user who sends a code 50 times at once', async () => {
    const coupon = await sale.coupon({ perUserLimit: 10, totalQuantity: 100 })
    const code = await codeOfCoupon(coupon)
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => sale.claimByCode(code, 'ada')),
    )
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => value(outcome).rank))).toEqual(new Set([1]))
    expect((await sale.issued(coupon)).issued).toBe(1)
  })

  it('replayed: leaves a new code free that a user at his limit sends', async () => {
    const coupon = await sale.coupon()
    const [first, second] = [await codeOfCoupon(coupon), await codeOfCoupon(coupon)]
    const claim = value(await sale.claimByCode(first, 'ada'))
    const before = await sale.state()
    expect(await sale.claimByCode(second, 'ada')).toMatchObject({
      replayed: true,
      value: { userCouponId: claim.userCouponId },
    })
    expect(await sale.state()).toEqual(before)
    expect(codeOf(await sale.claimByCode(second, 'bob'))).toBe('ok')
  })

  it('sold_out: refuses when all units are issued, and leaves the code free', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1 })
    const [first, second] = [await codeOfCoupon(coupon), await codeOfCoupon(coupon)]
    await sale.claimByCode(first, 'ada')
    await expectRefusal(sale, 'sold_out', () => sale.claimByCode(second, 'bob'))
    await sale.updateCoupon(coupon, { totalQuantity: 2 })
    expect(codeOf(await sale.claimByCode(second, 'bob'))).toBe('ok')
  })

  it('backlog_full: refuses what Postgres could not remember, and leaves the code free', async () => {
    const code = await codeOfCoupon(await sale.coupon())
    const full = sale.engineWith({ backlogMax: 2 })
    await expectRefusal(sale, 'backlog_full', () => sale.claimByCode(code, 'ada', full))
    expect(codeOf(await sale.claimByCode(code, 'bob'))).toBe('ok')
  })

  it('claimed: by the code that all share, in any case and with space around it', async () => {
    const coupon = await sale.coupon({ code: 'Gallop-10' })
    const ranks = []
    for (const [number, code] of ['GALLOP-10', 'gallop-10', ' Gallop-10 '].entries()) {
      ranks.push(value(await sale.claimByCode(code, `user-${number}`)).rank)
    }
    expect(ranks).toEqual([1, 2, 3])
    expect((await sale.issued(coupon)).issued).toBe(3)
    expect((await sale.events()).at(-1)?.data.codeDigest).toBeUndefined()
  })

  it('claimed: by a single-use code in any case, with and without dashes', async () => {
    const coupon = await sale.coupon()
    const code = await codeOfCoupon(coupon)
    const claim = value(
      await sale.claimByCode(` ${code.toLowerCase().replaceAll('-', ' ')} `, 'ada'),
    )
    expect(claim).toMatchObject({ couponId: coupon, userId: 'ada', rank: 1 })
    expect(claim.codeDigest).toMatch(/^[\w-]{22}$/)
    expect((await sale.events()).at(-1)).toEqual({ type: 'coupon_claimed', data: claim })
    expect(await sale.claimByCode(code, 'ada')).toMatchObject({ replayed: true })
  })

  it('claimed: is the only way to a coupon that requires a code', async () => {
    const coupon = await sale.coupon({ codeRequired: true, code: 'TEN', perUserLimit: 2 })
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('code_required')
    expect(value(await sale.claimByCode('TEN', 'ada')).rank).toBe(1)
    expect(value(await sale.claimByCode(await codeOfCoupon(coupon), 'ada')).rank).toBe(2)
  })

  it('claimed: shares limits and total with claims by id', async () => {
    const coupon = await sale.coupon({ totalQuantity: 2, code: 'TEN' })
    const first = value(await sale.claim(coupon, 'ada'))
    expect(await sale.claimByCode('TEN', 'ada')).toEqual({ ok: true, replayed: true, value: first })
    expect(value(await sale.claimByCode('TEN', 'bob')).rank).toBe(2)
    expect(codeOf(await sale.claim(coupon, 'cleo'))).toBe('sold_out')
  })

  it('claimed: gives each of 100 codes to one user, and one coupon to a user, in a race of 1,000', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1_000, codeRequired: true })
    const codes = value(await sale.addCodes(coupon, 100))
    const engines = Array.from({ length: 4 }, () => sale.engineWith())
    // Each of them tries two codes.
    const outcomes = await Promise.all(
      Array.from({ length: 2_000 }, (_, attempt) =>
        sale.claimByCode(
          codes[(attempt * 7) % 100] as string,
          `user-${attempt % 1_000}`,
          engines[attempt % 4],
        ),
      ),
    )
    const fresh = outcomes.flatMap((one) => (one.ok && !one.replayed ? [one.value] : []))
    expect(fresh.length).toBe(100)
    expect(new Set(fresh.map((claim) => claim.codeDigest)).size).toBe(100)
    expect(new Set(fresh.map((claim) => claim.userId)).size).toBe(100)
    expect(fresh.map((claim) => claim.rank).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, rank) => rank + 1),
    )
    expect(new Set(outcomes.filter((one) => !one.ok).map(codeOf))).toEqual(
      new Set(['code_not_found']),
    )
    const taken = Object.values(await redis.hgetall(shopKey(sale.shop, 'uniqueCodes')))
    expect(taken.filter((owner) => owner.startsWith(`${coupon}:`)).sort()).toEqual(
      fresh.map((claim) => `${coupon}:${claim.userId}:${claim.rank}`).sort(),
    )
  })
})
