import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('expire-coupons', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  /** A user coupon whose time has passed. */
  async function lapsed(userId: string, couponId?: string) {
    const id = couponId ?? (await sale.coupon())
    const { userCouponId } = value(await sale.claim(id, userId))
    await sale.lapseCoupon(userCouponId, userId)
    return { id: userCouponId, userId }
  }
  const statuses = async ({ id, userId }: { id: string; userId: string }) => {
    const found = await sale.userCoupons(id.split('.')[0] as string, userId)
    return found.map(({ status }) => status)
  }

  it('backlog_full: leaves for later what Postgres could not remember', async () => {
    const userCoupon = await lapsed('ada')
    const before = await sale.state()
    const full = sale.engineWith({ backlogMax: 2 })
    expect(await sale.expireCoupons([userCoupon], full)).toBe(0)
    expect(await sale.state()).toEqual(before)
  })

  it('expired: marks what has lapsed, once', async () => {
    const [ada, bob] = [await lapsed('ada'), await lapsed('bob')]
    expect(await sale.expireCoupons([ada, bob])).toBe(2)
    expect(await sale.expireCoupons([ada, bob])).toBe(0)
    expect([await statuses(ada), await statuses(bob)]).toEqual([['EXPIRED'], ['EXPIRED']])
    const events = (await sale.events()).filter(({ type }) => type === 'coupon_expired')
    expect(events.map(({ data }) => data)).toEqual(
      [ada, bob].map(({ id, userId }) => ({
        userCouponId: id,
        couponId: id.split('.')[0],
        userId,
        at: expect.any(Number),
      })),
    )
  })

  it('expired: marks as many as the backlog has room for, and says how many', async () => {
    const userCoupons = [await lapsed('ada'), await lapsed('bob'), await lapsed('cleo')]
    const room = sale.engineWith({ backlogMax: 8 })
    expect(await sale.expireCoupons(userCoupons, room)).toBe(2)
    expect(await sale.expireCoupons(userCoupons)).toBe(1)
  })

  it('expired: leaves what an order holds or has used, and what has time left', async () => {
    const option = await sale.option({ price: 100 })
    const held = value(await sale.claim(await sale.coupon({ discountValue: 50 }), 'ada'))
    await sale.order('ada', { [option]: 1 }, { userCouponId: held.userCouponId })
    const used = value(await sale.claim(await sale.coupon(), 'ada'))
    await sale.order('ada', { [option]: 1 }, { userCouponId: used.userCouponId })
    for (const { userCouponId } of [held, used]) await sale.lapseCoupon(userCouponId, 'ada')
    const fresh = value(await sale.claim(await sale.coupon({ userCouponTtlSeconds: 60 }), 'ada'))
    const endless = value(await sale.claim(await sale.coupon(), 'ada'))
    const before = await sale.state()
    const all = [held, used, fresh, endless]
    expect(
      await sale.expireCoupons(all.map(({ userCouponId: id }) => ({ id, userId: 'ada' }))),
    ).toBe(0)
    expect(await sale.state()).toEqual(before)
  })

  it('expired: marks one of a user’s coupons and leaves the others', async () => {
    const coupon = await sale.coupon({ perUserLimit: 3 })
    await sale.claim(coupon, 'ada')
    const second = await lapsed('ada', coupon)
    await sale.claim(coupon, 'ada')
    expect(await sale.expireCoupons([second])).toBe(1)
    expect(await statuses(second)).toEqual(['AVAILABLE', 'EXPIRED', 'AVAILABLE'])
  })

  it('expired: passes over what does not exist, or is another user’s', async () => {
    const ada = await lapsed('ada')
    const strange = [
      { ...ada, userId: 'bob' },
      { id: 'nothing.1', userId: 'ada' },
      { id: 'x', userId: 'ada' },
    ]
    expect(await sale.expireCoupons([...strange, ada])).toBe(1)
  })

  it('expired: still counts against the limit of its user', async () => {
    const coupon = await sale.coupon()
    const ada = await lapsed('ada', coupon)
    await sale.expireCoupons([ada])
    expect(await sale.claim(coupon, 'ada')).toMatchObject({ replayed: true, value: { rank: 1 } })
  })

  it('expired: takes a command’s worth at once', async () => {
    const coupon = await sale.coupon({ totalQuantity: 1_000 })
    const users = Array.from({ length: limits.expiredCouponsMax }, (_, user) => `user-${user}`)
    const userCoupons = await Promise.all(users.map((user) => lapsed(user, coupon)))
    expect(await sale.expireCoupons(userCoupons)).toBe(limits.expiredCouponsMax)
  })
})
