import { beforeEach, describe, expect, it, vi } from 'vitest'
import { readCoupon } from '../../src/engine/reads.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('update-coupon', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  it('coupon_not_found: refuses a coupon that does not exist', async () => {
    const coupon = await sale.coupon()
    for (const id of ['nothing', '#', `${coupon}:used`]) {
      await expectRefusal(sale, 'coupon_not_found', () =>
        sale.updateCoupon(id, { status: 'PAUSED' }),
      )
    }
  })

  it('shop_closed: refuses to take a missing counter for zero', async () => {
    const coupon = await sale.coupon()
    await redis.hdel(shopKey(sale.shop, 'coupons'), `${coupon}:issued`)
    await expectRefusal(sale, 'shop_closed', () => sale.updateCoupon(coupon, { totalQuantity: 1 }))
  })

  it('invalid_window: refuses an end before the stored beginning', async () => {
    const coupon = await sale.coupon({ validFrom: 2_000, validUntil: 3_000 })
    await expectRefusal(sale, 'invalid_window', () =>
      sale.updateCoupon(coupon, { validUntil: 2_000 }),
    )
  })

  it('below_issued: never lowers the total below what is issued', async () => {
    const coupon = await sale.coupon({ totalQuantity: 10 })
    for (const user of ['ada', 'bob', 'cleo']) await sale.claim(coupon, user)
    await expectRefusal(sale, 'below_issued', () => sale.updateCoupon(coupon, { totalQuantity: 2 }))
    expect(codeOf(await sale.updateCoupon(coupon, { totalQuantity: 3 }))).toBe('ok')
    expect(codeOf(await sale.claim(coupon, 'dora'))).toBe('sold_out')
  })

  it('unchanged: writes nothing and tells nobody where it is as asked for', async () => {
    const coupon = await sale.coupon({ totalQuantity: 10 })
    const before = await sale.state()
    const changes = { totalQuantity: 10, status: 'ACTIVE', validUntil: null } as const
    expect(await sale.updateCoupon(coupon, changes)).toEqual({
      ok: true,
      replayed: true,
      value: null,
    })
    expect(await sale.state()).toEqual(before)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const coupon = await sale.coupon()
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () =>
      sale.updateCoupon(coupon, { status: 'PAUSED' }, full),
    )
  })

  it('announced: is raised when nobody trusts any more that it is sold out', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1 })
    await sale.claim(coupon, 'ada')
    const announcement = () => redis.hget(shopKey(sale.shop, 'coupons'), `${coupon}:raising`)
    // One that nobody came back to counts for nothing.
    await redis.hset(shopKey(sale.shop, 'coupons'), `${coupon}:raising`, Date.now() - 60_000)
    const raise = sale.updateCoupon(coupon, { totalQuantity: 2 })
    const announcedAt = await vi.waitFor(async () => {
      const at = Number(await announcement())
      expect(at).toBeGreaterThan(Date.now() - 30_000)
      return at
    })
    // Meanwhile it changes in other ways at once, and is still sold out.
    value(await sale.updateCoupon(coupon, { validUntil: Date.now() + 600_000 }))
    expect(codeOf(await sale.claim(coupon, 'bob'))).toBe('sold_out')
    value(await raise)
    const [seconds, micros] = (await redis.time()).map(Number) as [number, number]
    expect(seconds * 1_000 + micros / 1_000 - announcedAt).toBeGreaterThan(limits.soldOutLatchMs)
    expect(await announcement()).toBeNull()
    expect(codeOf(await sale.claim(coupon, 'bob'))).toBe('ok')
  })

  it('updated: can be read at once and is told to the outbox', async () => {
    const coupon = await sale.coupon({ code: 'TEN' })
    await sale.claim(coupon, 'ada')
    const before = await readCoupon(redis, sale.shop, coupon)
    await sale.updateCoupon(coupon, { status: 'PAUSED', totalQuantity: 5 })
    const event = (await sale.events()).at(-1)
    const { issuedQuantity, usedQuantity, ...facts } = before ?? {}
    const after = { ...facts, status: 'PAUSED', totalQuantity: 5, updatedAt: expect.any(Number) }
    expect(event).toEqual({ type: 'coupon_updated', data: after })
    expect(await readCoupon(redis, sale.shop, coupon)).toEqual({
      ...after,
      issuedQuantity: 1,
      usedQuantity: 0,
    })
  })

  it('updated: pauses and resumes claims by id and by code', async () => {
    const coupon = await sale.coupon({ code: 'TEN' })
    await sale.updateCoupon(coupon, { status: 'PAUSED' })
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('coupon_inactive')
    expect(codeOf(await sale.claimByCode('TEN', 'ada'))).toBe('code_not_found')
    await sale.updateCoupon(coupon, { status: 'ACTIVE' })
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('ok')
    expect(codeOf(await sale.claimByCode('TEN', 'bob'))).toBe('ok')
  })

  it('updated: a paused coupon still discounts for those who have it', async () => {
    const option = await sale.option()
    const coupon = await sale.coupon()
    const { userCouponId } = value(await sale.claim(coupon, 'ada'))
    await sale.updateCoupon(coupon, { status: 'PAUSED' })
    const order = value(await sale.order('ada', { [option]: 1 }, { userCouponId }))
    expect(order.discountAmount).toBe(100)
  })

  it('updated: leaves the expiry of user coupons that are issued', async () => {
    const validUntil = Date.now() + 60_000
    const coupon = await sale.coupon({ validUntil, perUserLimit: 2 })
    await sale.claim(coupon, 'ada')
    await sale.updateCoupon(coupon, { validUntil: null })
    expect(value(await sale.claim(coupon, 'ada')).expiresAt).toBeUndefined()
    const found = await sale.userCoupons(coupon, 'ada')
    expect(found.map(({ expiresAtMs }) => expiresAtMs)).toEqual([validUntil, null])
  })

  it('updated: no claim passes a total or a pause of its moment, under 500 claims at once', async () => {
    const coupon = await sale.coupon({ totalQuantity: 30, perUserLimit: 2 })
    const changes = [
      { totalQuantity: 25 },
      { totalQuantity: 1 },
      { status: 'PAUSED' },
      { totalQuantity: 300 },
      { status: 'ACTIVE' },
      { totalQuantity: 200 },
      { totalQuantity: 250 },
    ] as const
    const engines = Array.from({ length: 4 }, () => sale.engineWith())
    const claims: ReturnType<Sale['claim']>[] = []
    const updates: ReturnType<Sale['updateCoupon']>[] = []
    for (let number = 0; number < 500; number++) {
      claims.push(sale.claim(coupon, `user-${number % 150}`, engines[number % 4]))
      const change = changes[number / 64 - 1]
      if (change) updates.push(sale.updateCoupon(coupon, change, engines[number % 3]))
    }
    const outcomes = await Promise.all(claims)
    expect((await Promise.all(updates)).map(codeOf)).toContain('below_issued')

    let [total, status, issued] = [30, 'ACTIVE', 0]
    const ofUser = new Map<string, number>()
    for (const { type, data } of await sale.events()) {
      if (type === 'coupon_updated') [total, status] = [data.totalQuantity, data.status]
      if (type === 'coupon_claimed') {
        issued += 1
        ofUser.set(data.userId, (ofUser.get(data.userId) ?? 0) + 1)
        expect({ rank: data.rank, status }).toEqual({ rank: issued, status: 'ACTIVE' })
      }
      expect(issued).toBeLessThanOrEqual(total)
    }
    expect(Math.max(...ofUser.values())).toBeLessThanOrEqual(2)
    const fresh = outcomes.filter((outcome) => outcome.ok && !outcome.replayed)
    expect(fresh).toHaveLength(issued)
    expect((await sale.issued(coupon)).issued).toBe(issued)
    // The storm was one: some were refused by a total, some by the pause.
    expect(new Set(outcomes.map(codeOf))).toEqual(new Set(['ok', 'sold_out', 'coupon_inactive']))
  })
})
