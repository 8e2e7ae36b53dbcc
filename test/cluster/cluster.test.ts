import { pino } from 'pino'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openRedisCluster } from '../../fixtures/redis-cluster.ts'
import { databaseOf } from '../../src/db/database.ts'
import { takeSnapshot } from '../../src/db/rankings.ts'
import { popularProducts } from '../../src/engine/reads.ts'
import { openCodeGuesses } from '../../src/http/code-guesses.ts'
import { limits } from '../../src/limits.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { value } from '../support/sale.ts'
import { useEverything } from '../verify/use-everything.ts'
import { openBooks } from '../workers/books.ts'

const cluster = await openRedisCluster()
afterAll(cluster.close)
const books = await openBooks({ redisUrl: cluster.url })
const wakeUps = openWakeUps(cluster.url)
afterAll(wakeUps.close)

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 20_000, interval: 20 })

describe('on a Redis Cluster', () => {
  it('shops on different nodes sell everything, and all of it reaches Postgres', async () => {
    const workers = startWorkers({
      redisUrl: cluster.url,
      databaseUrl: books.databaseUrl,
      holdMs: 600_000,
      log: pino({ level: 'silent' }),
    })
    try {
      for (const node of cluster.masters) {
        const shop = await books.openShop(await cluster.shopOn(node), { onAccepted: wakeUps.wake })
        expect(await node.direct.exists(shopKey(shop.shop, 'meta'))).toBe(1)
        const { orders } = await useEverything(shop)
        await eventually(async () => expect(await shop.backlog()).toBe(0))
        const db = databaseOf(books.orm)
        await takeSnapshot(db, shop.shop, new Date().toISOString().slice(0, 10))
        expect(await shop.rows('product_rankings')).not.toEqual([])
        const popular = await popularProducts(books.redis, shop.shop, { days: 1, limit: 10 })
        expect(popular.items.length).toBeGreaterThan(0)
        expect(await shop.rows('orders')).toHaveLength(Object.keys(orders).length)
        expect(await verify(books, shop.shop)).toMatchObject({ ok: true, backlog: 0 })
      }
    } finally {
      await workers.close()
    }
  })

  it('a wake-up brings an order to Postgres, with the queue on another node than the shop', async () => {
    const workers = startWorkers({
      redisUrl: cluster.url,
      databaseUrl: books.databaseUrl,
      holdMs: 600_000,
      log: pino({ level: 'silent' }),
    })
    try {
      const [, other] = cluster.masters
      if (!other) throw new Error('no second master')
      const shop = await books.openShop(await cluster.shopOn(other), { onAccepted: wakeUps.wake })
      value(await shop.charge('ann', 1))
      await eventually(async () => expect(await shop.rows('balance_history')).toHaveLength(1))
      const startedAt = performance.now()
      value(await shop.charge('ann', 1))
      await eventually(async () => expect(await shop.rows('balance_history')).toHaveLength(2))
      // The guard alone would need two looks.
      expect(performance.now() - startedAt).toBeLessThan(limits.upkeepIntervalMs)
    } finally {
      await workers.close()
    }
  })

  it('guesses of codes are counted wherever they lie', async () => {
    const guesses = openCodeGuesses(books.redis)
    const waitSecondsOf = async (userId: string) =>
      (await guesses.begin({ shop: 'main', userId, address: null })).waitSeconds
    for (const userId of ['ann', 'bob', 'cat', 'dan']) {
      for (let guess = 0; guess < limits.codeGuessesMax; guess++) {
        expect(await waitSecondsOf(userId)).toBeNull()
      }
      expect(await waitSecondsOf(userId)).toBeGreaterThan(0)
    }
  })

  it('a shop whose slot moves to another node decides nothing meanwhile, and sells on there', async () => {
    const [from, to] = cluster.masters
    if (!from || !to) throw new Error('no two masters')
    const shop = await books.openShop(await cluster.shopOn(from))
    const option = await shop.option({ stock: 10 })
    value(await shop.order('ann', { [option]: 1 }))
    await cluster.moveSlot(shop.shop, from, to, async () => {
      const refusal = shop.order('bob', { [option]: 1 }, { key: 'under way' })
      await expect(refusal).rejects.toThrow('Redis did not decide')
    })
    const order = await shop.order('bob', { [option]: 1 }, { key: 'under way' })
    expect(order).toMatchObject({ ok: true, replayed: false })
    expect(await shop.units(option)).toEqual({ free: 8, held: 2, sold: 0 })
    await shop.drain()
    expect(await verify(books, shop.shop)).toMatchObject({ ok: true })
  })
})
