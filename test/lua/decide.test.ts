import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ShopClosed } from '../../src/domain/outcome.ts'
import { openEngine } from '../../src/engine/engine.ts'
import { openShop } from '../../src/engine/open-shop.ts'
import { listProducts, readCoupon, readProduct } from '../../src/engine/reads.ts'
import { keyLayout, popularUnionKey, salesKeys, shopKey, shopKeys } from '../../src/redis/keys.ts'
import { readShopState } from '../../src/services/shops.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('decide', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  it('closes a shop that never existed', async () => {
    const engine = openEngine({ redis, holdMs: 1_000 })
    const shop = uniqueShop()
    expect(await engine.decide(shop, 'reap-holds', {})).toEqual(['shop_closed'])
  })

  it('closes a shop that lost any one of its keys', async () => {
    const option = await sale.option()
    const coupon = await sale.coupon()
    for (const key of shopKeys(sale.shop).slice(0, -1)) {
      const kept = await redis.dumpBuffer(key)
      await redis.del(key)
      expect([key, codeOf(await sale.order('ada', { [option]: 1 }))]).toEqual([key, 'shop_closed'])
      expect([key, codeOf(await sale.claim(coupon, 'ada'))]).toEqual([key, 'shop_closed'])
      await redis.restore(key, 0, kept)
    }
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('ok')
  })

  it('closes a shop that its operator closed', async () => {
    await redis.hset(shopKey(sale.shop, 'meta'), 'state', 'closed')
    expect(codeOf(await sale.charge('ada', 1))).toBe('shop_closed')
  })

  it('closes a shop whose fields another version wrote, and changes nothing in it', async () => {
    for (const layout of [keyLayout - 1, keyLayout + 1]) {
      await redis.hset(shopKey(sale.shop, 'meta'), 'layout', layout)
      const before = await sale.state()
      expect(codeOf(await sale.charge('ada', 1))).toBe('shop_closed')
      expect(await readShopState(redis, sale.shop)).toEqual({ isOpen: false, missingKeys: 0 })
      expect(await sale.state()).toEqual(before)
    }
  })

  it('closes to readers what lost a field: nothing is not zero', async () => {
    const option = await sale.option()
    const coupon = await sale.coupon()
    const [product] = (await listProducts(redis, sale.shop, { limit: 1 }))?.items ?? []
    await redis.hdel(shopKey(sale.shop, 'options'), `${option}:free`)
    await redis.hdel(shopKey(sale.shop, 'coupons'), `${coupon}:issued`)
    await expect(readProduct(redis, sale.shop, product?.id as string)).rejects.toThrow(ShopClosed)
    await expect(readCoupon(redis, sale.shop, coupon)).rejects.toThrow(ShopClosed)
  })

  it('never touches the hot state of a shop that exists', async () => {
    const before = await sale.state()
    expect(await openShop(redis, { shop: sale.shop })).toBe('exists')
    expect(await sale.state()).toEqual(before)
  })

  it('decides the neighbours of a command that fails by a bug', async () => {
    const coupon = await sale.coupon()
    await redis.hset(shopKey(sale.shop, 'coupons'), 'broken', 'no JSON', 'broken:issued', '0')
    const outcomes = await Promise.allSettled([
      sale.claim(coupon, 'ada'),
      sale.claim('broken', 'ada'),
      sale.claim(coupon, 'bob'),
    ])
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
  })

  it('closes over half a decision, to those of the same batch that come after it as well', async () => {
    const option = await sale.option()
    await redis.hset(shopKey(sale.shop, 'purchases'), `${option}:ada`, 'no number')
    const [before, half, after] = await Promise.allSettled([
      sale.charge('bob', 1),
      sale.order('ada', { [option]: 1 }),
      sale.charge('bob', 1),
    ])
    expect(before).toMatchObject({ status: 'fulfilled', value: { ok: true } })
    expect(half).toMatchObject({ status: 'rejected' })
    expect(after).toMatchObject({ status: 'fulfilled', value: { code: 'shop_closed' } })
    expect(await redis.hget(shopKey(sale.shop, 'meta'), 'closedBecause')).toMatch(/^place-order /)
  })

  it('keeps two shops apart', async () => {
    const other = await openSale(redis, uniqueShop())
    const coupon = await sale.coupon()
    expect(codeOf(await other.claim(coupon, 'ada'))).toBe('coupon_not_found')
    await sale.charge('ada', 100)
    expect(await other.balance('ada')).toBe(0)
  })

  it('loads itself again after Redis forgot all scripts', async () => {
    const coupon = await sale.coupon()
    await redis.script('FLUSH')
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('ok')
  })

  it('judges time by the clock of Redis, whatever that of its own process says', async () => {
    const started = await sale.option({ saleStartsAt: Date.now() - 60_000 })
    const early = await sale.option({ saleStartsAt: Date.now() + 60_000 })
    const coupon = await sale.coupon({ validUntil: Date.now() + 60_000 })
    const isNear = (timeMs: number, now: number) => Math.abs(timeMs - now) < 30_000
    const now = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: now + 86_400_000 })
    try {
      expect(codeOf(await sale.order('ada', { [early]: 1 }))).toBe('not_started')
      const order = value(await sale.order('ada', { [started]: 1 }))
      expect(isNear(order.orderedAt, now)).toBe(true)
      expect(isNear(value(await sale.claim(coupon, 'ada')).issuedAt, now)).toBe(true)
      await sale.charge('ada', 1_000)
      expect(codeOf(await sale.pay('ada', order.id))).toBe('ok')
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps all keys of a shop under one hash tag, so that a cluster has them in one slot', () => {
    const now = new Date()
    const keys = [...shopKeys('main'), ...salesKeys('main', now, 31), popularUnionKey('main')]
    for (const key of keys) expect(key).toMatch(/^\{main\}:[a-z0-9:-]+$/)
    expect(new Set(keys).size).toBe(keys.length)
  })
})
