import { beforeEach, describe, expect, it } from 'vitest'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('cancel-order', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option()
  })

  it('order_not_found: tells nothing of another user’s order', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }))
    expect(codeOf(await sale.cancel('bob', order.id))).toBe('order_not_found')
  })

  it('order_completed: refuses what is paid', async () => {
    await sale.charge('ada', 5_000)
    const order = value(await sale.order('ada', { [option]: 1 }, { pay: true }))
    expect(codeOf(await sale.cancel('ada', order.id))).toBe('order_completed')
  })

  it('replayed: gives back once, however often and however simultaneously it is asked', async () => {
    const order = value(await sale.order('ada', { [option]: 3 }))
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => sale.cancel('ada', order.id)),
    )
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(await sale.units(option)).toEqual({ free: 10, held: 0, sold: 0 })
  })

  it('order_expired: lets the expiry win after the deadline', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }))
    await sale.lapse(order.id)
    expect(codeOf(await sale.cancel('ada', order.id))).toBe('order_expired')
    expect(codeOf(await sale.cancel('ada', order.id))).toBe('order_expired')
    expect(await sale.units(option)).toEqual({ free: 10, held: 0, sold: 0 })
  })

  it('order_expired: gives back once where cancellations and sweeps meet a lapsed order', async () => {
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const order = value(await sale.order('ada', { [option]: 3 }, { userCouponId }))
    await sale.lapse(order.id)
    await Promise.all(
      Array.from({ length: 25 }, () =>
        Promise.all([
          sale.cancel('ada', order.id),
          reapHolds(sale.engineWith(), { shop: sale.shop }),
        ]),
      ),
    )
    expect(await sale.units(option)).toEqual({ free: 10, held: 0, sold: 0 })
    expect(await sale.bought(option, 'ada')).toBe(0)
    const expiries = (await sale.events()).filter(({ type }) => type === 'order_expired')
    expect(expiries).toHaveLength(1)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }))
    const full = sale.engineWith({ backlogMax: 1 })
    expect(codeOf(await sale.cancel('ada', order.id, full))).toBe('backlog_full')
  })

  it('cancelled: makes units and coupon available again at once', async () => {
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const order = value(await sale.order('ada', { [option]: 2 }, { userCouponId }))
    const cancelled = value(await sale.cancel('ada', order.id))
    expect(cancelled).toMatchObject({ status: 'CANCELLED', userCouponStatus: 'AVAILABLE' })
    expect(cancelled.cancelledAt).toBeGreaterThanOrEqual(order.orderedAt)
    expect(await sale.units(option)).toEqual({ free: 10, held: 0, sold: 0 })
    expect((await sale.events()).at(-1)).toEqual({ type: 'order_cancelled', data: cancelled })
    expect(codeOf(await sale.order('ada', { [option]: 1 }, { userCouponId }))).toBe('ok')
  })

  it('cancelled: takes the coupon away where the coupon says so', async () => {
    const coupon = await sale.coupon({ restoreOnCancel: false })
    const { userCouponId } = value(await sale.claim(coupon, 'ada'))
    const order = value(await sale.order('ada', { [option]: 1 }, { userCouponId }))
    expect(value(await sale.cancel('ada', order.id)).userCouponStatus).toBe('EXPIRED')
    expect(codeOf(await sale.order('ada', { [option]: 1 }, { userCouponId }))).toBe(
      'coupon_unavailable',
    )
  })
})
