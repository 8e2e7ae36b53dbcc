import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { listCouponHistory, listCoupons } from '../../src/db/coupons.ts'
import type { Page } from '../../src/db/cursor.ts'
import { listPriceHistory, listStockHistory } from '../../src/db/product-history.ts'
import { listRankings } from '../../src/db/rankings.ts'
import { listRefunds } from '../../src/db/refunds.ts'
import { listUserCoupons } from '../../src/db/user-coupons.ts'
import { readCoupon } from '../../src/engine/reads.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
const em = () => books.orm.em.fork()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

type PageRequest = { limit: number; cursor?: string | undefined }

/** All items of a list, read in pages of two. */
async function readAll<Item>(
  list: (page: PageRequest) => Promise<Page<Item> | 'bad_cursor'>,
): Promise<Item[]> {
  const all: Item[] = []
  let cursor: string | undefined
  do {
    const page = await list({ limit: 2, cursor })
    if (page === 'bad_cursor') throw new Error(page)
    expect(page.items.length).toBeGreaterThan(0)
    all.push(...page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  return all
}

describe("a user's coupons in Postgres", () => {
  it('are listed newest first, page by page, with what they give', async () => {
    const ids: string[] = []
    for (let index = 0; index < 5; index++) {
      const couponId = await shop.coupon({ name: `Coupon ${index}`, minOrderAmount: 50 })
      ids.push(value(await shop.claim(couponId, 'ann')).userCouponId)
      value(await shop.claim(couponId, 'bob'))
    }
    await shop.drain()
    // Claims of one millisecond come in the order of their ids.
    await sql`
      update user_coupons set issued_at = to_timestamp(1) where shop = ${shop.shop}
        and id = any(${ids.slice(0, 3)})`.execute(em().getKysely())
    const all = await readAll((page) => listUserCoupons(em(), shop.shop, 'ann', page))
    const same = ids.slice(0, 3).sort().reverse()
    expect(all.map(({ userCouponId }) => userCouponId)).toEqual([ids[4], ids[3], ...same])
    expect(all[0]).toMatchObject({
      couponName: 'Coupon 4',
      discountType: 'FIXED',
      discountValue: 100,
      maxDiscountAmount: null,
      minOrderAmount: 50,
      rank: 1,
      status: 'AVAILABLE',
      expiresAt: null,
      usedAt: null,
      orderId: null,
      paymentId: null,
    })
  })

  it('are expired from their time on, in the answer and in the filter, marked or not', async () => {
    const couponId = await shop.coupon({ userCouponTtlSeconds: 1_000, perUserLimit: 4 })
    const optionId = await shop.option()
    const ids: string[] = []
    for (let index = 0; index < 4; index++) {
      ids.push(value(await shop.claim(couponId, 'ann')).userCouponId)
    }
    const [lapsed, marked, held, left] = ids as [string, string, string, string]
    await shop.lapseCoupon(marked, 'ann')
    await shop.expireCoupons([{ id: marked, userId: 'ann' }])
    const order = value(await shop.order('ann', { [optionId]: 1 }, { userCouponId: held }))
    await shop.drain()
    await sql`
      update user_coupons set expires_at = to_timestamp(1)
      where shop = ${shop.shop} and id = any(${[lapsed, held]})`.execute(em().getKysely())
    const of = async (status?: 'AVAILABLE' | 'HELD' | 'USED' | 'EXPIRED') => {
      const found = await listUserCoupons(em(), shop.shop, 'ann', { status, limit: 9 })
      if (found === 'bad_cursor') throw new Error(found)
      return Object.fromEntries(found.items.map((it) => [it.userCouponId, it.status]))
    }
    expect(await of()).toEqual({
      [lapsed]: 'EXPIRED',
      [marked]: 'EXPIRED',
      [held]: 'HELD',
      [left]: 'AVAILABLE',
    })
    expect(await of('EXPIRED')).toEqual({ [lapsed]: 'EXPIRED', [marked]: 'EXPIRED' })
    expect(await of('AVAILABLE')).toEqual({ [left]: 'AVAILABLE' })
    expect(await of('HELD')).toEqual({ [held]: 'HELD' })
    expect(await of('USED')).toEqual({})
    value(await shop.charge('ann', 1_000))
    value(await shop.pay('ann', order.id))
    await shop.drain()
    const [used] = await readAll((page) =>
      listUserCoupons(em(), shop.shop, 'ann', { ...page, status: 'USED' }),
    )
    expect(used).toMatchObject({
      userCouponId: held,
      orderId: order.id,
      paymentId: `pay-${order.id}`,
      usedAt: expect.any(Number),
    })
  })
})

describe('the coupons of a shop in Postgres', () => {
  it('are listed newest first, page by page, by status, as Redis has them', async () => {
    const ids: string[] = []
    for (let index = 0; index < 5; index++) {
      ids.push(
        await shop.coupon({
          code: `CODE${index}`,
          discountType: 'PERCENTAGE',
          maxDiscountAmount: 10,
          validFrom: 1,
          validUntil: 4_000_000_000_000,
          userCouponTtlSeconds: 60,
          codeRequired: index === 0,
        }),
      )
    }
    const plain = await shop.coupon()
    value(await shop.claim(plain, 'ann'))
    value(await shop.updateCoupon(ids[1] as string, { status: 'PAUSED' }))
    await shop.drain()
    const all = await readAll((page) => listCoupons(em(), shop.shop, page))
    expect(all).toHaveLength(6)
    expect(all.map(({ createdAt, id }) => [createdAt, id])).toEqual(
      all
        .map(({ createdAt, id }): [number, string] => [createdAt, id])
        .sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? 1 : -1)),
    )
    for (const coupon of all) {
      expect(await readCoupon(books.redis, shop.shop, coupon.id)).toMatchObject(coupon)
    }
    const paused = await readAll((page) =>
      listCoupons(em(), shop.shop, { ...page, status: 'PAUSED' }),
    )
    expect(paused.map(({ id }) => id)).toEqual([ids[1]])

    await sql`update coupons set created_at = to_timestamp(1) where shop = ${shop.shop}`.execute(
      em().getKysely(),
    )
    const same = await readAll((page) => listCoupons(em(), shop.shop, page))
    expect(same.map(({ id }) => id)).toEqual([...ids, plain].sort().reverse())
  })

  it('have a history of every step of their user coupons, newest first', async () => {
    const couponId = await shop.coupon()
    value(await shop.claim(await shop.coupon(), 'ann'))
    const optionId = await shop.option()
    const { userCouponId } = value(await shop.claim(couponId, 'ann'))
    const order = value(await shop.order('ann', { [optionId]: 1 }, { userCouponId }))
    value(await shop.cancel('ann', order.id))
    await shop.drain()
    const all = await readAll((page) => listCouponHistory(em(), shop.shop, couponId, page))
    expect(
      all.map(({ action, orderId, appliedDiscount }) => [action, orderId, appliedDiscount]),
    ).toEqual([
      ['RESTORED', order.id, null],
      ['HELD', order.id, 100],
      ['ISSUED', null, null],
    ])
    expect(new Set(all.map(({ id }) => id)).size).toBe(3)
  })
})

describe('the history of products in Postgres', () => {
  it('has the price changes of all options of a product, newest first', async () => {
    const { id, options } = await shop.product([{ price: 10 }, { price: 20, optionValue: 'L' }])
    const [first, second] = options.map((option) => option.id) as [string, string]
    value(await shop.updateOption(first, { price: 11, reason: 'dearer' }))
    value(await shop.updateOption(second, { price: 21 }))
    value(await shop.updateOption(first, { price: 12 }))
    value(await shop.updateOption(await shop.option(), { price: 1 }))
    await shop.drain()
    const all = await readAll((page) => listPriceHistory(em(), shop.shop, id, page))
    expect(all).toMatchObject([
      { optionId: first, oldPrice: 11, newPrice: 12, reason: null },
      { optionId: second, oldPrice: 20, newPrice: 21, reason: null },
      { optionId: first, oldPrice: 10, newPrice: 11, reason: 'dearer' },
    ])
    expect(all[0]?.changedAt).toBeGreaterThanOrEqual(all[2]?.changedAt as number)
  })

  it('has every change of the free units of an option, newest first, and sums to what is free', async () => {
    const optionId = await shop.option({ stock: 10 })
    value(await shop.charge('ann', 9_000))
    value(await shop.adjust(optionId, 5))
    const order = value(await shop.order('ann', { [optionId]: 3 }, { pay: true }))
    const cancelled = value(await shop.order('ann', { [optionId]: 1 }))
    value(await shop.cancel('ann', cancelled.id))
    value(await shop.refund(order.id, { [`${order.id}.1`]: 2 }))
    value(await shop.refund(order.id, {}, { restock: false }))
    await shop.drain()
    const all = await readAll((page) => listStockHistory(em(), shop.shop, optionId, page))
    expect(all.map(({ type, change, orderId }) => [type, change, orderId])).toEqual([
      ['REFUND', 2, order.id],
      ['CANCEL', 1, cancelled.id],
      ['ORDER', -1, cancelled.id],
      ['ORDER', -3, order.id],
      ['ADJUST', 5, null],
      ['INITIAL', 10, null],
    ])
    const { free } = await shop.units(optionId)
    expect(all.reduce((sum, { change }) => sum + change, 0)).toBe(free)
  })
})

describe('refunds and rankings in Postgres', () => {
  it('are listed page by page: refunds newest first, products best first', async () => {
    const optionId = await shop.option()
    value(await shop.charge('ann', 9_000))
    const order = value(await shop.order('ann', { [optionId]: 5 }, { pay: true }))
    for (let unit = 0; unit < 5; unit++) {
      value(await shop.refund(order.id, { [`${order.id}.1`]: 1 }))
    }
    await shop.drain()
    const refunds = await readAll((page) => listRefunds(em(), shop.shop, order.id, page))
    // Refunds of one millisecond have ids in any order; their events do not.
    const stored = await shop.rows('refunds', 'event_id, id')
    stored.sort((a, b) => Number(BigInt(b.event_id as string) - BigInt(a.event_id as string)))
    expect(refunds.map(({ id }) => id)).toEqual(stored.map(({ id }) => id))

    const productId = await shop.productOf(optionId)
    const others = [await shop.option(), await shop.option()]
    await shop.drain()
    const ids = [productId, ...(await Promise.all(others.map(shop.productOf)))]
    await sql`insert into ranking_snapshots values (${shop.shop}, '2026-01-02')`.execute(
      em().getKysely(),
    )
    for (const [index, id] of ids.entries()) {
      await sql`insert into product_rankings values
        (${shop.shop}, '2026-01-02', ${index + 1}, ${id}, ${100 - index})`.execute(em().getKysely())
    }
    const ranked = await readAll((page) => listRankings(em(), shop.shop, '2026-01-02', page))
    expect(ranked).toEqual(
      ids.map((id, index) => ({
        rank: index + 1,
        productId: id,
        name: 'Trainers',
        salesCount: 100 - index,
      })),
    )
  })
})

describe('the lists', () => {
  for (const text of ['', 'x', '1:', ':a', "1:a'; drop table", '99999999999999999999']) {
    it(`refuse ${JSON.stringify(text)} as a cursor`, async () => {
      for (const cursor of [text, Buffer.from(text).toString('base64url')]) {
        const page = { limit: 2, cursor }
        const pages = await Promise.all([
          listUserCoupons(em(), shop.shop, 'ann', page),
          listCoupons(em(), shop.shop, page),
          listCouponHistory(em(), shop.shop, 'x', page),
          listPriceHistory(em(), shop.shop, 'x', page),
          listStockHistory(em(), shop.shop, 'x', page),
          listRefunds(em(), shop.shop, 'x', page),
          listRankings(em(), shop.shop, '2026-01-02', page),
        ])
        expect(new Set(pages)).toEqual(new Set(['bad_cursor']))
      }
    })
  }
})
