import { describe, expect, it } from 'vitest'
import { type EventType, eventSchemas, eventVersion } from '../../src/domain/events.ts'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

/** Makes every decision that tells Postgres something, with every optional field given once and left out once. */
async function decideEverything(sale: Sale) {
  const now = Date.now()
  const full = await sale.product(
    [
      {
        price: 900,
        perUserLimit: 50,
        saleStartsAt: now - 1,
        saleEndsAt: now + 60_000,
        holdMs: 5_000,
      },
      { optionValue: undefined, price: 0 },
    ],
    { brand: 'Gallop', description: 'They "run" 🎉\n', status: 'OUT_OF_STOCK' },
  )
  const [option, free] = full.options.map(({ id }) => id) as [string, string]
  await sale.adjust(option, 5)
  await sale.adjust(option, -1)
  await sale.updateProduct(full.id, { brand: null, description: null })
  await sale.updateProduct(full.id, { description: 'They fly.', status: 'INACTIVE' })
  await sale.updateProduct(full.id, { status: 'ACTIVE' })
  await sale.updateOption(option, { price: 1_000, reason: 'dearer' })
  await sale.updateOption(option, { saleStartsAt: null, saleEndsAt: null, holdMs: null })

  const plain = await sale.coupon({ totalQuantity: 0 })
  await sale.updateCoupon(plain, { totalQuantity: 5, validUntil: now + 60_000, status: 'PAUSED' })
  await sale.updateCoupon(plain, { validUntil: null })
  const rich = await sale.coupon({
    code: 'TEN',
    discountType: 'PERCENTAGE',
    discountValue: 1_050,
    maxDiscountAmount: 200,
    validFrom: now - 1,
    validUntil: now + 60_000,
    userCouponTtlSeconds: 60,
    perUserLimit: 10,
    codeRequired: true,
  })
  const [code] = value(await sale.addCodes(rich, 2))
  const claim = async (by = 'TEN') => value(await sale.claimByCode(by, 'ada')).userCouponId
  await claim(code)
  const endless = await sale.coupon()
  const { userCouponId: lapsed } = value(await sale.claim(endless, 'ada'))
  await sale.lapseCoupon(lapsed, 'ada')
  await sale.expireCoupons([{ id: lapsed, userId: 'ada' }])

  await sale.charge('ada', 100_000)
  await sale.setCart('ada', option, 2)
  await sale.setCart('ada', free, 1)
  await sale.setCart('ada', free, 0)
  const fromCart = value(await sale.order('ada', 'cart', { userCouponId: await claim() }))
  await sale.cancel('ada', fromCart.id)
  const lapsing = value(await sale.order('ada', { [option]: 1 }, { userCouponId: await claim() }))
  await sale.lapse(lapsing.id)
  await reapHolds(sale.engine, { shop: sale.shop })
  const pending = value(await sale.order('ada', { [option]: 3 }, { userCouponId: await claim() }))
  await sale.pay('ada', pending.id)
  await sale.refund(pending.id, { [pending.items[0]?.id as string]: 1 }, { restock: false })
  await sale.refund(pending.id)
  const gratis = value(await sale.order('ada', { [free]: 1, [option]: 1 }, { pay: true }))
  await sale.refund(gratis.id, { [gratis.items[0]?.id as string]: 1 })
}

describe('the events of all decisions', () => {
  it('are of the shapes that the drain expects, to the last field', async () => {
    const sale = await openSale(redis, uniqueShop())
    await decideEverything(sale)
    const entries = await redis.xrange(shopKey(sale.shop, 'outbox'), '-', '+')
    const seen = new Set<string>()
    for (const [, fields] of entries) {
      const [, type, , version, , data] = fields
      expect(fields.filter((_, index) => index % 2 === 0)).toEqual(['type', 'v', 'data'])
      expect(version).toBe(String(eventVersion))
      const event = JSON.parse(data as string)
      // A schema drops what it does not know, and fills in what is missing: nothing may be either.
      expect([type, eventSchemas[type as EventType].parse(event)]).toEqual([type, event])
      seen.add(type as string)
    }
    expect([...seen].sort()).toEqual(Object.keys(eventSchemas).sort())
  })

  it('stand in the outbox in the order of the decisions, none twice', async () => {
    const sale = await openSale(redis, uniqueShop())
    await decideEverything(sale)
    const events = await sale.events()
    const times = events.map(
      ({ data }) =>
        data.at ??
        data.refund?.at ??
        data.cancelledAt ??
        data.payment?.paidAt ??
        data.updatedAt ??
        data.issuedAt ??
        data.orderedAt ??
        data.createdAt,
    )
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(events.length)
  })
})
