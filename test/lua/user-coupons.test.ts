import { beforeEach, describe, expect, it } from 'vitest'
import type { CouponRecord } from '../../src/domain/events.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('a user’s coupon', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option({ stock: 100 })
    await sale.charge('ada', 100_000)
  })

  async function claim(facts: Partial<CouponRecord> = {}) {
    const coupon = await sale.coupon(facts)
    return { coupon, ...value(await sale.claim(coupon, 'ada')) }
  }
  async function stateOf({ coupon, rank }: { coupon: string; rank: number }) {
    return (await sale.userCoupons(coupon, 'ada')).find((record) => record.rank === rank)?.status
  }
  const order = async (userCouponId: string, facts: { pay?: boolean } = {}) =>
    value(await sale.order('ada', { [option]: 2 }, { userCouponId, ...facts }))

  /** The ways in which an order gives back what it holds. */
  const releases = {
    cancellation: (orderId: string) => sale.cancel('ada', orderId),
    expiry: async (orderId: string) => {
      await sale.lapse(orderId)
      await reapHolds(sale.engine, { shop: sale.shop })
    },
  }

  it('is held by an order, then used by its payment, by one order at a time', async () => {
    const one = await claim()
    expect(await stateOf(one)).toBe('AVAILABLE')
    const pending = await order(one.userCouponId)
    expect(pending.userCouponStatus).toBe('HELD')
    expect(await stateOf(one)).toBe('HELD')
    await sale.pay('ada', pending.id)
    expect(await stateOf(one)).toBe('USED')
    expect(await sale.issued(one.coupon)).toEqual({ issued: 1, used: 1 })
  })

  it('is taken by one of 50 orders at once', async () => {
    const one = await claim()
    const engines = [sale.engineWith(), sale.engineWith()]
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, number) =>
        sale.order(
          'ada',
          { [option]: 1 },
          { userCouponId: one.userCouponId, pay: number % 3 === 0 },
          engines[number % 2],
        ),
      ),
    )
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1)
    expect(await sale.units(option)).toMatchObject({ free: 99 })
  })

  it.each(['cancellation', 'expiry'] as const)('is available again after %s', async (name) => {
    const one = await claim()
    await releases[name]((await order(one.userCouponId)).id)
    expect(await stateOf(one)).toBe('AVAILABLE')
    expect((await sale.events()).at(-1)?.data.userCouponStatus).toBe('AVAILABLE')
    await order(one.userCouponId, { pay: true })
    expect(await sale.issued(one.coupon)).toEqual({ issued: 1, used: 1 })
  })

  it.each(['cancellation', 'expiry'] as const)(
    'is gone after %s where its coupon says no, or its time has passed meanwhile',
    async (name) => {
      const strict = await claim({ restoreOnCancel: false })
      const late = await claim({ userCouponTtlSeconds: 60 })
      for (const one of [strict, late]) {
        const { id } = await order(one.userCouponId)
        if (one === late) await sale.lapseCoupon(one.userCouponId, 'ada')
        await releases[name](id)
        expect(await stateOf(one)).toBe('EXPIRED')
        expect((await sale.events()).at(-1)?.data.userCouponStatus).toBe('EXPIRED')
      }
    },
  )

  it('is honoured until the hold ends, though its time passes before the payment', async () => {
    const one = await claim({ userCouponTtlSeconds: 60 })
    const pending = await order(one.userCouponId)
    await sale.lapseCoupon(one.userCouponId, 'ada')
    expect(value(await sale.pay('ada', pending.id)).finalAmount).toBe(1_900)
    expect(await stateOf(one)).toBe('USED')
  })

  it('is refused by the clock of its use, marked or not', async () => {
    const one = await claim({ userCouponTtlSeconds: 60 })
    await sale.lapseCoupon(one.userCouponId, 'ada')
    const use = () => sale.order('ada', { [option]: 1 }, { userCouponId: one.userCouponId })
    expect(codeOf(await use())).toBe('coupon_unavailable')
    await sale.expireCoupons([{ id: one.userCouponId, userId: 'ada' }])
    expect(codeOf(await use())).toBe('coupon_unavailable')
  })

  it('comes back with a whole refund, once, and not with a part', async () => {
    const one = await claim()
    const paid = await order(one.userCouponId, { pay: true })
    const itemId = paid.items[0]?.id as string
    await sale.refund(paid.id, { [itemId]: 1 })
    expect(await stateOf(one)).toBe('USED')
    expect(await sale.issued(one.coupon)).toEqual({ issued: 1, used: 1 })
    expect((await sale.events()).at(-1)?.data.userCouponStatus).toBeUndefined()
    await Promise.all(Array.from({ length: 50 }, () => sale.refund(paid.id)))
    expect(await stateOf(one)).toBe('AVAILABLE')
    expect(await sale.issued(one.coupon)).toEqual({ issued: 1, used: 0 })
    expect((await readOrder(redis, sale.shop, paid.id))?.userCouponStatus).toBe('AVAILABLE')
    const again = await order(one.userCouponId, { pay: true })
    expect(again.discountAmount).toBe(100)
    expect(await sale.issued(one.coupon)).toEqual({ issued: 1, used: 1 })
  })

  it('stays used after a whole refund where its coupon says no, or its time has passed', async () => {
    const strict = await claim({ restoreOnCancel: false })
    const late = await claim({ userCouponTtlSeconds: 60 })
    for (const one of [strict, late]) {
      const paid = await order(one.userCouponId, { pay: true })
      if (one === late) await sale.lapseCoupon(one.userCouponId, 'ada')
      expect(value(await sale.refund(paid.id)).orderStatus).toBe('REFUNDED')
      expect(await stateOf(one)).toBe('USED')
      expect(await sale.issued(one.coupon)).toEqual({ issued: 1, used: 1 })
      expect((await sale.events()).at(-1)?.data.userCouponStatus).toBeUndefined()
    }
  })

  it('comes back alone: the user’s others of the same coupon stay as they are', async () => {
    const coupon = await sale.coupon({ perUserLimit: 3 })
    const claimAgain = async () => ({ coupon, ...value(await sale.claim(coupon, 'ada')) })
    const [first, second, third] = [await claimAgain(), await claimAgain(), await claimAgain()]
    await order(first.userCouponId, { pay: true })
    const paid = await order(second.userCouponId, { pay: true })
    const pending = await order(third.userCouponId)
    await sale.refund(paid.id)
    expect(await stateOf(first)).toBe('USED')
    expect(await stateOf(second)).toBe('AVAILABLE')
    expect(await stateOf(third)).toBe('HELD')
    await sale.cancel('ada', pending.id)
    expect(await stateOf(first)).toBe('USED')
    expect(await stateOf(third)).toBe('AVAILABLE')
    expect(await sale.issued(coupon)).toEqual({ issued: 3, used: 1 })
  })
})
