import { beforeEach, describe, expect, it } from 'vitest'
import { shopKeys } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { findFault } from '../../workers/restore-shops.ts'
import { codeOf, value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
const { redis, orm } = books

describe('a rebuild', () => {
  let shop: Shop
  let option: string
  beforeEach(async () => {
    shop = await books.openShop()
    option = await shop.option({ stock: 10, price: 100 })
    value(await shop.charge('ann', 10_000))
  })

  const rebuild = () => rebuildShop({ redis, orm, shop: shop.shop })
  const loseEverything = () => redis.del(...shopKeys(shop.shop))
  const ok = async () => (await verify({ redis, orm }, shop.shop)).ok

  it('brings back a shop that lost all its keys, and sells on', async () => {
    const order = value(await shop.order('ann', { [option]: 3 }, { key: 'first', pay: true }))
    await shop.drain()
    await loseEverything()
    expect(codeOf(await shop.order('ann', { [option]: 1 }))).toBe('shop_closed')
    expect(await findFault({ redis, orm, shop: shop.shop })).toMatchObject({ lost: 'redis' })

    expect(await rebuild()).toMatchObject({ epoch: 2, drained: 0 })
    expect(await findFault({ redis, orm, shop: shop.shop })).toBeNull()
    expect(await shop.units(option)).toEqual({ free: 7, held: 0, sold: 3 })
    expect(await shop.balance('ann')).toBe(9_700)
    const again = await shop.order('ann', { [option]: 3 }, { key: 'first', pay: true })
    expect(again).toMatchObject({ ok: true, replayed: true, value: { id: order.id } })
    value(await shop.order('ann', { [option]: 7 }, { pay: true }))
    expect(codeOf(await shop.order('ann', { [option]: 1 }))).toBe('sold_out')
    await shop.drain()
    expect(await ok()).toBe(true)
  })

  it('drains first what the outbox still holds', async () => {
    await shop.drain()
    value(await shop.order('ann', { [option]: 2 }, { pay: true }))
    await redis.del(`{${shop.shop}}:options`)
    expect(await rebuild()).toMatchObject({ drained: 1, deadLetters: 0 })
    expect(await shop.units(option)).toEqual({ free: 8, held: 0, sold: 2 })
    expect(await ok()).toBe(true)
  })
})
