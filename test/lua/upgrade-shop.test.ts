import { beforeEach, describe, expect, it } from 'vitest'
import { upgradeShop } from '../../src/engine/upgrade-shop.ts'
import { keyLayout, shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('upgrade-shop', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option()
  })

  const upgrade = () => upgradeShop(redis, { shop: sale.shop })
  const keysOf = (...names: Parameters<typeof shopKey>[1][]) =>
    names.map((name) => shopKey(sale.shop, name))

  /** As the first version opened a shop. */
  async function makeFirstLayout() {
    await redis.del(...keysOf('uniqueCodes', 'carts'))
    await redis.hdel(shopKey(sale.shop, 'meta'), 'layout')
  }

  it('missing: leaves a shop alone that has no hot state', async () => {
    const shop = uniqueShop()
    expect(await upgradeShop(redis, { shop })).toBe('missing')
    expect(await redis.keys(`{${shop}}:*`)).toEqual([])
  })

  it('missing: leaves a shop alone that lost what says its layout', async () => {
    await redis.del(...keysOf('meta', 'carts'))
    const before = await sale.state()
    expect(await upgrade()).toBe('missing')
    expect(await sale.state()).toEqual(before)
  })

  it('current: has nothing to add to a new shop, nor a second time', async () => {
    expect(await upgrade()).toBe('current')
    await makeFirstLayout()
    await upgrade()
    const before = await sale.state()
    expect(await upgrade()).toBe('current')
    expect(await sale.state()).toEqual(before)
  })

  it('current: never makes a key that the shop had and lost', async () => {
    await redis.del(...keysOf('carts'))
    expect(await upgrade()).toBe('current')
    expect(await redis.exists(...keysOf('carts'))).toBe(0)
    expect(codeOf(await sale.order('ada', { [option]: 1 }))).toBe('shop_closed')
  })

  it('upgraded: opens a shop of the first layout again, with all that it has', async () => {
    await sale.charge('ada', 5_000)
    await makeFirstLayout()
    expect(codeOf(await sale.order('ada', { [option]: 1 }))).toBe('shop_closed')
    const before = await sale.state()
    expect(await upgrade()).toBe('upgraded')
    const [uniqueCodes, carts, meta] = keysOf('uniqueCodes', 'carts', 'meta')
    expect(await sale.state()).toEqual({
      ...before,
      [uniqueCodes as string]: { '#': '1' },
      [carts as string]: { '#': '1' },
      [meta as string]: { ...(before[meta as string] as object), layout: String(keyLayout) },
    })
    await sale.setCart('ada', option, 2)
    expect(value(await sale.order('ada', 'cart', { pay: true })).finalAmount).toBe(2_000)
  })

  it('upgraded: leaves a shop closed that had lost a key of the first layout', async () => {
    await makeFirstLayout()
    await redis.del(...keysOf('claims'))
    expect(await upgrade()).toBe('upgraded')
    expect(await redis.exists(...keysOf('claims'))).toBe(0)
    expect(codeOf(await sale.order('ada', { [option]: 1 }))).toBe('shop_closed')
  })

  it('upgraded: once for 50 processes that start at once, and nothing that one wrote is lost', async () => {
    await makeFirstLayout()
    const replies = await Promise.all(
      Array.from({ length: 50 }, async (_, number) => {
        const reply = await upgrade()
        await sale.setCart(`user-${number}`, option, 1)
        return reply
      }),
    )
    expect(replies.filter((reply) => reply === 'upgraded')).toHaveLength(1)
    expect(await redis.hlen(shopKey(sale.shop, 'carts'))).toBe(51)
  })
})
