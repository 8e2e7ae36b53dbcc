import { beforeEach, describe, expect, it, vi } from 'vitest'
import { openCatchUp } from '../../src/db/catch-up.ts'
import { limits } from '../../src/limits.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'
import { openGate } from './gate.ts'

const books = await openBooks()
const catchUp = openCatchUp(books.redis)
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

const charge = async () => {
  value(await shop.charge('ann', 1))
}
const rows = async () => (await shop.rows('balance_history', 'id')).length

describe('catching up', () => {
  it('waits until what was accepted before is persisted', async () => {
    await charge()
    let seen = -1
    const reader = catchUp(shop.shop).then(async () => {
      seen = await rows()
    })
    await books.redis.ping()
    expect(seen).toBe(-1)
    await shop.drain()
    await reader
    expect(seen).toBe(1)
  })

  it('does not wait for what is accepted later', async () => {
    await charge()
    const start = performance.now()
    const reader = catchUp(shop.shop)
    // Answered after the reader's own look, which went first over the same connection.
    await books.redis.ping()
    const stop = new AbortController()
    await shop.drain({
      signal: stop.signal,
      failpoints: { beforeCommit: charge, afterCommit: async () => stop.abort() },
    })
    await reader
    expect(await shop.backlog()).toBe(1)
    expect(performance.now() - start).toBeLessThan(limits.catchUpMs)
  })

  it('waits for nothing where all is persisted', async () => {
    await charge()
    await shop.drain()
    const asks = vi.spyOn(books.redis, 'xrange')
    await catchUp(shop.shop)
    expect(asks).not.toHaveBeenCalled()
    asks.mockRestore()
  })

  it('gives up in time where nothing drains, and asks once for all who wait', async () => {
    await charge()
    const asks = vi.spyOn(books.redis, 'xrange')
    const start = performance.now()
    await Promise.all(Array.from({ length: 100 }, () => catchUp(shop.shop)))
    const elapsed = performance.now() - start
    expect(elapsed).toBeGreaterThanOrEqual(limits.catchUpMs - 1)
    expect(elapsed).toBeLessThan(limits.catchUpMs * 3)
    expect(asks.mock.calls.length).toBeLessThanOrEqual(elapsed / limits.catchUpPollMs + 1)
    asks.mockRestore()
  })

  it('fails everybody who waits where Redis goes away, and works again afterwards', async () => {
    const gate = await openGate(books.redisUrl)
    const redis = connectRedis(gate.address, { name: 'test' })
    redis.on('error', () => {})
    await redis.connect()
    const catchUpThroughGate = openCatchUp(redis)
    await charge()
    const readers = [catchUpThroughGate(shop.shop), catchUpThroughGate(shop.shop)]
    await redis.ping()
    gate.shut()
    const outcomes = await Promise.allSettled(readers)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    gate.open()
    await vi.waitFor(() => expect(redis.status).toBe('ready'), { timeout: 20_000 })
    await shop.drain()
    await catchUpThroughGate(shop.shop)
    redis.disconnect()
  })
})
