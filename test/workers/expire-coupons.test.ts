import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { listLapsedUserCoupons } from '../../src/db/user-coupons.ts'
import { limits } from '../../src/limits.ts'
import { expireLapsedCoupons } from '../../workers/expire-coupons.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

const expireCoupons = () =>
  expireLapsedCoupons({ orm: books.orm, engine: shop.engine }, [shop.shop])
const statuses = async () =>
  (await shop.rows('user_coupons', 'id, status')).map(({ status }) => status)

/** Lets the time of these user coupons pass, in both stores. */
async function lapse(userCoupons: { userCouponId: string; userId: string }[]) {
  for (const { userCouponId, userId } of userCoupons) {
    await shop.lapseCoupon(userCouponId, userId)
  }
  await shop.drain()
  await sql`
    update user_coupons set expires_at = to_timestamp(0.001)
    where shop = ${shop.shop} and id = any(${userCoupons.map(({ userCouponId }) => userCouponId)})
  `.execute(books.orm.em.fork().getKysely())
}

async function claimMany(count: number) {
  const couponId = await shop.coupon({ totalQuantity: count, userCouponTtlSeconds: 1_000 })
  return Promise.all(
    Array.from({ length: count }, async (_, index) =>
      value(await shop.claim(couponId, `user-${index}`)),
    ),
  )
}

describe('the expiry of user coupons', () => {
  it('marks those whose time has passed, and no other', async () => {
    const [first, second] = await claimMany(3)
    if (!first || !second) throw new Error('not claimed')
    await lapse([first, second])
    const lapsed = await listLapsedUserCoupons(databaseOf(books.orm), shop.shop, { limit: 9 })
    const ids = [first, second].map(({ userCouponId }) => userCouponId).sort()
    expect(lapsed.map(({ id }) => id)).toEqual(ids)
    await expireCoupons()
    expect(await shop.drain()).toEqual({ events: 2, deadLetters: 0, more: false })
    expect(await statuses()).toEqual(['EXPIRED', 'EXPIRED', 'AVAILABLE'])
    const history = await shop.rows('coupon_history', 'event_id, action')
    expect(history.map(({ action }) => action)).toEqual([
      ...['ISSUED', 'ISSUED', 'ISSUED'],
      ...['EXPIRED', 'EXPIRED'],
    ])
  })

  it('marks each once, however many workers look, before and after the drain', async () => {
    await lapse(await claimMany(5))
    await Promise.all([expireCoupons(), expireCoupons(), expireCoupons()])
    await expireCoupons()
    expect(await shop.drain()).toMatchObject({ events: 5 })
    await expireCoupons()
    expect(await shop.drain()).toMatchObject({ events: 0 })
    expect(await statuses()).toEqual(Array.from({ length: 5 }, () => 'EXPIRED'))
  })

  it('leaves to the order what an order holds or used', async () => {
    const optionId = await shop.option()
    const [held, used] = await claimMany(2)
    if (!held || !used) throw new Error('not claimed')
    value(await shop.charge(used.userId, 1_000))
    await shop.drain()
    const order = value(
      await shop.order(held.userId, { [optionId]: 1 }, { userCouponId: held.userCouponId }),
    )
    value(
      await shop.order(
        used.userId,
        { [optionId]: 1 },
        { userCouponId: used.userCouponId, pay: true },
      ),
    )
    for (const { userCouponId, userId } of [held, used]) {
      await shop.lapseCoupon(userCouponId, userId)
    }
    // Postgres does not know of the orders yet, and takes both for available.
    await sql`update user_coupons set expires_at = to_timestamp(0.001)`.execute(
      books.orm.em.fork().getKysely(),
    )
    const before = await shop.events()
    await expireCoupons()
    expect(await shop.events()).toEqual(before)
    value(await shop.cancel(held.userId, order.id))
    await shop.drain()
    expect(await statuses()).toEqual(expect.arrayContaining(['EXPIRED', 'USED']))
  })

  it('comes to those beyond one decision, also where the first ones stay as they are', async () => {
    const claims = await claimMany(limits.expiredCouponsMax + 1)
    const last = claims.at(-1)
    if (!last) throw new Error('not claimed')
    await lapse(claims)
    const hot = claims.slice(0, -1)
    for (const { userCouponId, userId } of hot) {
      await shop.lapseCoupon(userCouponId, userId, 4_000_000_000_000)
    }
    await sql`
      update user_coupons set expires_at = to_timestamp(0.002)
      where shop = ${shop.shop} and id = ${last.userCouponId}`.execute(
      books.orm.em.fork().getKysely(),
    )
    await expireCoupons()
    expect((await shop.events()).map(({ type, data }) => [type, data.userCouponId])).toEqual([
      ['coupon_expired', last.userCouponId],
    ])
  })

  it('waits while the shop is closed', async () => {
    await lapse(await claimMany(1))
    await books.redis.hset(`{${shop.shop}}:meta`, 'state', 'closed')
    await expireCoupons()
    expect(await shop.backlog()).toBe(0)
    await books.redis.hset(`{${shop.shop}}:meta`, 'state', 'open')
    await expireCoupons()
    expect(await shop.backlog()).toBe(1)
  })
})
