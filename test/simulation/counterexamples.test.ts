import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readOrder } from '../../src/engine/read-orders.ts'
import { limits } from '../../src/limits.ts'
import type { RedisClient } from '../../src/redis/client.ts'
import { shopKey, shopKeys } from '../../src/redis/keys.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'

const books = await openBooks()
const { orm, redis } = books

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const letLeaseBeRenewed = () => vi.advanceTimersByTime(limits.rebuildLeaseMs)

/** A connection on which time passes between the answer to the last step of a rebuild and whoever waits for it. */
function slowToReopen(): RedisClient {
  return new Proxy(redis, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'reopenShop') return value.bind(target)
      return async (...keysAndArguments: unknown[]) => {
        const answer = await value.apply(target, keysAndArguments)
        letLeaseBeRenewed()
        return answer
      }
    },
  })
}

describe('sequences that went wrong once', () => {
  // The renewal of the lease came behind the step that opens the shop, and closed it again for good.
  it('a rebuild that renews its lease while it opens the shop leaves it open', async () => {
    const { shop, option, order } = await books.openShop()
    const optionId = await option()
    expect(await rebuildShop({ redis: slowToReopen(), orm, shop })).not.toBeNull()
    expect(await order('ann', { [optionId]: 1 })).toMatchObject({ ok: true })
  })

  // What was kept of finished orders was loaded behind the pending ones, also where both were of one key.
  it('an order that used a key again is what a rebuild brings back, not the one that had it first', async () => {
    const { shop, option, order, charge, pay, drain } = await books.openShop()
    const optionId = await option()
    await charge('ann', 1_000)
    await order('ann', { [optionId]: 1 }, { key: 'k', pay: true })
    await drain()
    const keys = shopKeys(shop)
    await redis.forgetFinished(keys.length, ...keys, '0', '100', '31')
    const again = value(await order('ann', { [optionId]: 2 }, { key: 'k' }))
    await drain()
    expect(await rebuildShop({ redis, orm, shop })).not.toBeNull()
    expect(await readOrder(redis, shop, again.id)).toMatchObject({
      id: again.id,
      status: 'PENDING',
    })
    await charge('ann', 2_000)
    expect(value(await pay('ann', again.id)).status).toBe('COMPLETED')
  })

  // Found beside it: a renewal took the lease anew, though another rebuild had taken over and opened the shop.
  it('a rebuild that was taken for dead leaves the shop to the one that took over', async () => {
    const { shop, option, order } = await books.openShop()
    const optionId = await option()
    const frozen = Promise.withResolvers<void>()
    const woken = Promise.withResolvers<void>()
    const freeze = () => {
      frozen.resolve()
      return woken.promise
    }
    const dead = rebuildShop({ redis, orm, shop, failpoints: { loaded: freeze } })
    const fate = expect(dead).rejects.toThrow('Another rebuild took over')
    await frozen.promise
    await redis.hset(shopKey(shop, 'meta'), 'rebuildAt', 1)
    expect(await rebuildShop({ redis, orm, shop })).not.toBeNull()
    letLeaseBeRenewed()
    expect(await order('ann', { [optionId]: 1 })).toMatchObject({ ok: true })
    woken.resolve()
    await fate
    expect(await order('ann', { [optionId]: 1 })).toMatchObject({ ok: true })
  })
})
