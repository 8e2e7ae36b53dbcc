import { beforeEach, describe, expect, it } from 'vitest'
import { recentOrders } from '../../src/engine/read-orders.ts'
import { trimOutbox } from '../../src/engine/trim-outbox.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('trim-outbox', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  it('trimmed: drops up to the committed event and never beyond', async () => {
    for (let amount = 1; amount <= 5; amount++) await sale.charge('ada', amount)
    const outbox = shopKey(sale.shop, 'outbox')
    const ids = (await redis.xrange(outbox, '-', '+')).map(([id]) => id)
    const trim = () =>
      trimOutbox(redis, { shop: sale.shop, eventId: ids[2] as string, userIds: [] })
    expect(await trim()).toEqual({ trimmed: 3, epoch: 1, removed: 3n, missingKeys: 0 })
    expect(await trim()).toEqual({ trimmed: 0, epoch: 1, removed: 3n, missingKeys: 0 })
    expect((await redis.xrange(outbox, '-', '+')).map(([id]) => id)).toEqual(ids.slice(3))
  })

  it('trimmed: counts the keys that the shop has lost', async () => {
    await redis.del(shopKey(sale.shop, 'balances'), shopKey(sale.shop, 'meta'))
    const found = await trimOutbox(redis, { shop: sale.shop, eventId: '1-0', userIds: [] })
    expect(found).toEqual({ trimmed: 0, epoch: 0, removed: 0n, missingKeys: 2 })
  })

  it('lost: makes no outbox where there is none', async () => {
    await redis.del(shopKey(sale.shop, 'outbox'))
    expect(await trimOutbox(redis, { shop: sale.shop, eventId: '1-0', userIds: ['ada'] })).toBe(
      'lost',
    )
    expect(await redis.exists(shopKey(sale.shop, 'outbox'))).toBe(0)
  })

  it('trimmed: keeps an order among the recent ones while a later event of it waits', async () => {
    const option = await sale.option()
    await sale.charge('ada', 5_000)
    const order = value(await sale.order('ada', { [option]: 1 }))
    const placedId = (await redis.xrevrange(shopKey(sale.shop, 'outbox'), '+', '-'))[0]?.[0]
    await sale.pay('ada', order.id)
    const other = value(await sale.order('ada', { [option]: 1 }))
    const recent = async () =>
      (await recentOrders(redis, sale.shop, 'ada')).map(({ id, status }) => [id, status])
    const trim = async (eventId: string) =>
      trimOutbox(redis, {
        shop: sale.shop,
        eventId,
        userIds: ['ada'],
      })

    await trim(placedId as string)
    expect((await recent()).toSorted()).toEqual(
      [
        [order.id, 'COMPLETED'],
        [other.id, 'PENDING'],
      ].toSorted(),
    )
    const lastId = (await redis.xrevrange(shopKey(sale.shop, 'outbox'), '+', '-'))[0]?.[0]
    await trim(lastId as string)
    expect(await recent()).toEqual([])
    expect(await redis.hexists(shopKey(sale.shop, 'recents'), 'ada')).toBe(0)
  })

  it('trimmed: keeps as many recent orders of a user as the largest page shows, the newest', async () => {
    const option = await sale.option({ stock: 1_000 })
    const orders = await Promise.all(
      Array.from({ length: 300 }, () => sale.order('ada', { [option]: 1 }).then(value)),
    )
    const recent = await recentOrders(redis, sale.shop, 'ada')
    expect(recent.length).toBeGreaterThanOrEqual(limits.pageItemsMax)
    expect(recent.length).toBeLessThan(orders.length)
    expect(recent.map(({ id }) => id)).toContain(orders.at(-1)?.id)
  })
})
