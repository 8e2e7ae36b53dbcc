import { describe, expect, it } from 'vitest'
import { openShop } from '../../src/engine/open-shop.ts'
import { keyLayout, shopKey, shopKeys } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale } from '../support/sale.ts'

const redis = await connect()

describe('open-shop', () => {
  it('exists: never touches a shop of which any one key is left', async () => {
    const { shop, state } = await openSale(redis, uniqueShop())
    const keys = shopKeys(shop).slice(0, -1)
    for (const left of keys) {
      const kept = await redis.dumpBuffer(left)
      await redis.del(...keys)
      await redis.restore(left, 0, kept)
      const before = await state()
      expect([left, await openShop(redis, { shop })]).toEqual([left, 'exists'])
      expect(await state()).toEqual(before)
      await redis.del(left)
      await openShop(redis, { shop })
    }
  })

  it('opened: makes every key, and says which epoch and which layout of them it is', async () => {
    const shop = uniqueShop()
    expect(await openShop(redis, { shop, epoch: 7 })).toBe('opened')
    const keys = shopKeys(shop).slice(0, -1)
    expect(await redis.exists(...keys)).toBe(keys.length)
    expect(await redis.hgetall(shopKey(shop, 'meta'))).toEqual({
      epoch: '7',
      state: 'open',
      trimmed: '0-0',
      createdAt: expect.stringMatching(/^\d{13}$/),
      layout: String(keyLayout),
    })
  })

  it('opened: once for 50 processes that start at once', async () => {
    const shop = uniqueShop()
    const replies = await Promise.all(Array.from({ length: 50 }, () => openShop(redis, { shop })))
    expect(replies.filter((reply) => reply === 'opened')).toHaveLength(1)
  })
})
