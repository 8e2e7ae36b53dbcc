import { beforeEach, describe, expect, it } from 'vitest'
import { codeDigest } from '../../src/domain/codes.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

for (const batches of ['in one batch', 'in a batch each'] as const) {
  /** What stands between two changes. */
  const then = async () => {
    if (batches === 'in a batch each') await shop.drain()
  }
  const drainAll = async () => {
    expect(await shop.drain()).toMatchObject({ deadLetters: 0 })
    if (batches === 'in one batch') expect(await shop.transactions()).toBe(1)
  }

  describe(`the drain, with changes ${batches}`, () => {
    it('writes a product that is created and changed, and every revision of its texts', async () => {
      const { id } = await shop.product([{}], { name: 'Boots', brand: 'Acme', description: 'Old' })
      await then()
      value(await shop.updateProduct(id, { description: 'New' }))
      await then()
      value(await shop.updateProduct(id, { status: 'INACTIVE' }))
      await then()
      value(await shop.updateProduct(id, { name: 'High boots', brand: null }))
      await drainAll()
      expect(await shop.rows('products', 'id, name, brand, description, status, revision')).toEqual(
        [
          {
            id,
            name: 'High boots',
            brand: null,
            description: 'New',
            status: 'INACTIVE',
            revision: 3,
          },
        ],
      )
      expect(await shop.rows('product_revisions', 'revision, name, brand, description')).toEqual([
        { revision: 1, name: 'Boots', brand: 'Acme', description: 'Old' },
        { revision: 2, name: 'Boots', brand: 'Acme', description: 'New' },
        { revision: 3, name: 'High boots', brand: null, description: 'New' },
      ])
    })

    it('writes every price of an option, and its last one, its window and its limit', async () => {
      const optionId = await shop.option({ price: 1_000, perUserLimit: 3, holdMs: 5_000 })
      await then()
      value(await shop.updateOption(optionId, { price: 900, reason: 'opening' }))
      await then()
      value(
        await shop.updateOption(optionId, { saleEndsAt: 4_000_000_000_000, perUserLimit: null }),
      )
      await then()
      value(await shop.updateOption(optionId, { price: 1_200 }))
      await drainAll()
      expect(await shop.rows('product_options')).toMatchObject([
        {
          price: '1200',
          per_user_limit: null,
          hold_ms: 5_000,
          sale_starts_at: null,
          sale_ends_at: expect.stringMatching(/^2096-10-02/),
          stock: '10',
        },
      ])
      const history = 'option_id, product_id, old_price, new_price, reason'
      expect(await shop.rows('product_price_history', `event_id, ${history}`)).toMatchObject([
        { option_id: optionId, old_price: '1000', new_price: '900', reason: 'opening' },
        { option_id: optionId, old_price: '900', new_price: '1200', reason: null },
      ])
    })

    it('keeps the price at which an option was sold', async () => {
      const optionId = await shop.option({ price: 1_000 })
      await then()
      const before = value(await shop.order('ann', { [optionId]: 1 }))
      value(await shop.updateOption(optionId, { price: 900 }))
      await then()
      const after = value(await shop.order('ann', { [optionId]: 1 }))
      await drainAll()
      const prices = await shop.rows('order_items', 'order_id, unit_price')
      expect(prices).toEqual(
        expect.arrayContaining([
          { order_id: before.id, unit_price: '1000' },
          { order_id: after.id, unit_price: '900' },
        ]),
      )
      expect(await shop.rows('product_options', 'price, stock, held')).toEqual([
        { price: '900', stock: '8', held: '2' },
      ])
    })

    it('writes which revision of a product was sold', async () => {
      const { id, options } = await shop.product([{}], { description: 'Old' })
      const optionId = options[0]?.id as string
      await then()
      value(await shop.order('ann', { [optionId]: 1 }))
      await then()
      value(await shop.updateProduct(id, { description: 'New' }))
      value(await shop.order('bob', { [optionId]: 1 }))
      await drainAll()
      const sold = await shop.rows('order_items', 'product_revision, product_name')
      expect(sold.map((item) => item.product_revision)).toEqual([1, 2])
    })

    it('lifts a product that was said to be out of stock with the adjustment that restocks it', async () => {
      const { options } = await shop.product([{ stock: 0 }], { status: 'OUT_OF_STOCK' })
      await then()
      value(await shop.adjust(options[0]?.id as string, 5))
      await drainAll()
      expect(await shop.rows('products', 'status, revision')).toEqual([
        { status: 'ACTIVE', revision: 1 },
      ])
      expect(await shop.rows('product_listings', 'status, stock')).toEqual([
        { status: 'ACTIVE', stock: '5' },
      ])
    })

    it('writes a coupon whose total is raised while it is claimed, then paused and prolonged', async () => {
      const couponId = await shop.coupon({ totalQuantity: 1 })
      await then()
      value(await shop.claim(couponId, 'ann'))
      value(await shop.updateCoupon(couponId, { totalQuantity: 3 }))
      await then()
      value(await shop.claim(couponId, 'bob'))
      await then()
      value(await shop.updateCoupon(couponId, { totalQuantity: 2, status: 'PAUSED' }))
      await then()
      value(await shop.updateCoupon(couponId, { validUntil: 4_000_000_000_000 }))
      await drainAll()
      expect(await shop.rows('coupons')).toMatchObject([
        {
          total_quantity: 2,
          issued_quantity: 2,
          status: 'PAUSED',
          valid_until: expect.stringMatching(/^2096-10-02/),
        },
      ])
    })

    it('writes single-use codes as digests, and who took one', async () => {
      const couponId = await shop.coupon({ codeRequired: true })
      const [taken, left] = value(await shop.addCodes(couponId, 2)) as [string, string]
      await then()
      const claim = value(await shop.claimByCode(taken, 'ann'))
      await drainAll()
      expect(await shop.rows('coupons', 'code_required')).toEqual([{ code_required: true }])
      const codes = await shop.rows('coupon_codes', 'digest, coupon_id, user_coupon_id, claimed_at')
      expect(codes).toEqual(
        expect.arrayContaining([
          {
            digest: codeDigest(shop.shop, taken),
            coupon_id: couponId,
            user_coupon_id: claim.userCouponId,
            claimed_at: expect.any(String),
          },
          {
            digest: codeDigest(shop.shop, left),
            coupon_id: couponId,
            user_coupon_id: null,
            claimed_at: null,
          },
        ]),
      )
      expect(JSON.stringify(codes)).not.toContain(left)
    })

    it('marks a user coupon whose time has passed, and says so in its history', async () => {
      const couponId = await shop.coupon({ userCouponTtlSeconds: 1_000 })
      const { userCouponId } = value(await shop.claim(couponId, 'ann'))
      await then()
      await shop.lapseCoupon(userCouponId, 'ann')
      expect(await shop.expireCoupons([{ id: userCouponId, userId: 'ann' }])).toBe(1)
      await drainAll()
      expect(await shop.rows('user_coupons', 'id, status, order_id')).toEqual([
        { id: userCouponId, status: 'EXPIRED', order_id: null },
      ])
      expect(await shop.rows('coupon_history', 'event_id, action, order_id')).toMatchObject([
        { action: 'ISSUED', order_id: null },
        { action: 'EXPIRED', order_id: null },
      ])
    })
  })
}

describe('the drain of many codes', () => {
  it('is cut into transactions that stay short', async () => {
    const couponId = await shop.coupon()
    await shop.drain()
    const before = (await shop.watermark())?.eventId
    const digests = (event: number) =>
      Array.from({ length: 250 }, (_, index) => codeDigest(shop.shop, `${event}x${index}`))
    for (let event = 0; event < 200; event++) {
      await shop.append('codes_added', { couponId, digests: digests(event), at: 1 })
    }
    let batches = 0
    const count = async () => {
      batches++
    }
    expect(await shop.drain({ failpoints: { afterCommit: count } })).toEqual({
      events: 200,
      deadLetters: 0,
      more: false,
    })
    expect(batches).toBe(2)
    expect((await shop.watermark())?.eventId).toBeGreaterThan(before as bigint)
    expect(await shop.rows('coupon_codes', 'digest')).toHaveLength(50_000)
  })
})
