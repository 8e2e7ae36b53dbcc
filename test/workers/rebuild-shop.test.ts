import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { shopKeys } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { findFault } from '../../workers/restore-shops.ts'
import { codeOf, value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
const { redis, orm } = books

/** A point where something stops until it is told to go on. */
function openPause() {
  const reached = Promise.withResolvers<void>()
  const isOver = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    end: () => isOver.resolve(),
    stop() {
      reached.resolve()
      return isOver.promise
    },
  }
}

describe('a rebuild', () => {
  let shop: Shop
  let option: string
  beforeEach(async () => {
    shop = await books.openShop()
    option = await shop.option({ stock: 10, price: 100 })
    value(await shop.charge('ann', 10_000))
  })

  type Options = Partial<Parameters<typeof rebuildShop>[0]>
  const rebuild = (options: Options = {}) =>
    rebuildShop({ redis, orm, shop: shop.shop, ...options })
  const fault = () => findFault({ redis, orm, shop: shop.shop })
  const report = () => verify({ redis, orm }, shop.shop)
  const meta = (field: string) => redis.hget(`{${shop.shop}}:meta`, field)
  /** As if the process that has the lease were silent for longer than that. */
  const endLease = () => redis.hset(`{${shop.shop}}:meta`, 'rebuildAt', '0')
  const loaded = () => redis.keys(`{${shop.shop}}:rebuild:*`)

  it('brings back a shop that lost all its keys, and sells on', async () => {
    const order = value(await shop.order('ann', { [option]: 3 }, { key: 'first', pay: true }))
    await shop.drain()
    await redis.del(...shopKeys(shop.shop))
    expect(codeOf(await shop.order('ann', { [option]: 1 }))).toBe('shop_closed')
    expect(await fault()).toMatchObject({ lost: 'redis' })

    expect(await rebuild()).toMatchObject({ epoch: 2, drained: 0 })
    expect(await fault()).toBeNull()
    expect(await shop.units(option)).toEqual({ free: 7, held: 0, sold: 3 })
    const again = await shop.order('ann', { [option]: 3 }, { key: 'first', pay: true })
    expect(again).toMatchObject({ ok: true, replayed: true, value: { id: order.id } })
    value(await shop.order('ann', { [option]: 7 }, { pay: true }))
    expect(codeOf(await shop.order('ann', { [option]: 1 }))).toBe('sold_out')
    await shop.drain()
    expect(await report()).toMatchObject({ ok: true, epoch: 2 })
  })

  it('brings to Postgres first what the outbox still holds', async () => {
    await shop.drain()
    value(await shop.order('ann', { [option]: 2 }, { pay: true }))
    await redis.del(`{${shop.shop}}:options`)
    expect(await rebuild()).toMatchObject({ drained: 1, deadLetters: 0 })
    expect(await shop.units(option)).toEqual({ free: 8, held: 0, sold: 2 })
    expect((await report()).ok).toBe(true)
  })

  it('gives events ids above all that Postgres has, whatever the clock says', async () => {
    const far = `${Date.now() + 3_600_000}-0`
    const charge = { id: 'x', fingerprint: 'f', userId: 'bob', amount: 1, beforeAmount: 0 }
    const data = JSON.stringify({ ...charge, afterAmount: 1, at: Date.now() })
    const outbox = `{${shop.shop}}:outbox`
    await redis.xadd(outbox, far, 'type', 'balance_charged', 'v', '1', 'data', data)
    await shop.drain()
    await redis.del(...shopKeys(shop.shop))
    await rebuild()
    value(await shop.charge('ann', 1))
    expect(await shop.drain()).toMatchObject({ events: 1 })
    expect(await shop.rows('balances', 'user_id, amount')).toContainEqual({
      user_id: 'ann',
      amount: '10001',
    })
  })

  for (const point of ['begun', 'raised', 'drained', 'loaded', 'installed'] as const) {
    it(`dies when it has ${point}: the shop stays closed until another one is through`, async () => {
      value(await shop.order('ann', { [option]: 2 }, { pay: true }))
      const die = () => Promise.reject(new Error('died'))
      await expect(rebuild({ failpoints: { [point]: die } })).rejects.toThrow('died')
      expect(codeOf(await shop.order('ann', { [option]: 1 }))).toBe('shop_closed')
      expect(await rebuild()).toBeNull()

      await endLease()
      expect(await rebuild()).toMatchObject({ deadLetters: 0 })
      expect(await shop.units(option)).toEqual({ free: 8, held: 0, sold: 2 })
      expect(await loaded()).toEqual([])
      expect((await report()).ok).toBe(true)
    })
  }

  for (const point of ['raised', 'drained', 'loaded', 'installed'] as const) {
    it(`is taken for dead when it has ${point}, and changes nothing any more`, async () => {
      const pause = openPause()
      const first = rebuild({ failpoints: { [point]: pause.stop } })
      await pause.reached
      await endLease()
      expect(await rebuild()).toMatchObject({ deadLetters: 0 })
      value(await shop.order('ann', { [option]: 1 }, { pay: true }))
      await shop.drain()
      pause.end()
      await expect(first).rejects.toThrow()
      expect(await meta('state')).toBe('open')
      expect(await shop.units(option)).toEqual({ free: 9, held: 0, sold: 1 })
      expect((await report()).ok).toBe(true)
    })
  }

  it('fences a drain that read its batch before', async () => {
    const pause = openPause()
    const drain = shop.drain({ failpoints: { beforeCommit: pause.stop } })
    await pause.reached
    expect(await rebuild()).toMatchObject({ drained: 2 })
    pause.end()
    expect(await drain).toMatchObject({ events: 0, more: false })
    expect(await shop.rows('balance_history', 'user_id')).toHaveLength(1)
  })
})

it('fences a drain whose batch was lost with its Redis', async () => {
  const shop = await books.openShop()
  await shop.drain()
  value(await shop.charge('ann', 10))
  const pause = openPause()
  const drain = shop.drain({ failpoints: { beforeCommit: pause.stop } })
  await pause.reached
  await redis.del(...shopKeys(shop.shop))
  await rebuildShop({ redis, orm, shop: shop.shop })
  pause.end()
  expect(await drain).toMatchObject({ events: 0 })
  // Both say that it never was.
  expect(await shop.rows('balance_history', 'id')).toEqual([])
  expect(await shop.balance('ann')).toBe(0)
})

describe('a rebuild does not open', () => {
  let shop: Shop
  let option: string
  beforeEach(async () => {
    shop = await books.openShop()
    option = await shop.option({ stock: 10 })
    await shop.drain()
  })

  /** What goes wrong at a point of the rebuild. */
  const wrongs = {
    'what Postgres does not say': {
      point: 'loaded',
      spoil: (key: (name: string) => string) => redis.hincrby(key('options'), `${option}:free`, 1),
      error: /not what Postgres says: stock/,
    },
    'what is not complete': {
      point: 'loaded',
      spoil: (key: (name: string) => string) => redis.del(key('claims')),
      error: /incomplete/,
    },
    'where an event came after the drain': {
      point: 'drained',
      spoil: () => shop.appendRaw('type', 'late'),
      error: /undrained/,
    },
    'where an event came after the load': {
      point: 'loaded',
      spoil: () => shop.appendRaw('type', 'late'),
      error: /undrained/,
    },
  } as const

  it.each(Object.entries(wrongs))('%s', async (_, { point, spoil, error }) => {
    const failpoints = {
      async [point]() {
        const [anyLoaded] = await redis.keys(`{${shop.shop}}:rebuild:*`)
        const prefix = anyLoaded?.slice(0, anyLoaded.lastIndexOf(':') + 1)
        await spoil((name) => `${prefix}${name}`)
      },
    }
    await expect(rebuildShop({ redis, orm, shop: shop.shop, failpoints })).rejects.toThrow(error)
    expect(codeOf(await shop.order('ann', { [option]: 1 }))).toBe('shop_closed')
  })
})

describe('a store that went back in time', () => {
  let shop: Shop
  beforeEach(async () => {
    shop = await books.openShop()
    value(await shop.charge('ann', 100))
    await shop.drain()
  })

  const fault = () => findFault({ redis, orm, shop: shop.shop })

  it('is noticed where Redis lacks events: what it decided since then is no row, but a dead letter', async () => {
    const restore = await shop.backUp()
    value(await shop.charge('ann', 10))
    await shop.drain()
    await restore()
    expect(await fault()).toMatchObject({ lost: 'redis' })
    // Decided without the charge that Postgres has.
    expect(value(await shop.charge('ann', 1))).toMatchObject({ beforeAmount: 100 })
    expect(await shop.drain()).toMatchObject({ events: 0, stoppedBy: { lost: 'redis' } })

    const rebuilt = await rebuildShop({ redis, orm, shop: shop.shop })
    expect(rebuilt).toMatchObject({ drained: 1, deadLetters: 1 })
    expect(await shop.balance('ann')).toBe(110)
    expect(await shop.rows('dead_letters', 'type, error')).toMatchObject([
      { type: 'balance_charged', error: expect.stringMatching('lacked events') },
    ])
    expect(await fault()).toBeNull()
  })

  it('is noticed where Redis is of an earlier epoch: nothing of it is persisted', async () => {
    const restore = await shop.backUp()
    await rebuildShop({ redis, orm, shop: shop.shop })
    // This process learns of the new epoch, but nothing of it reaches Postgres.
    value(await shop.charge('ann', 10))
    await restore()
    expect(codeOf(await shop.charge('ann', 1))).toBe('shop_closed')
    // Another one does not know of it.
    value(await shop.charge('ann', 1, {}, shop.engineWith()))
    const stoppedBy = { lost: 'redis', because: 'the hot state is of epoch 1, not 2' }
    expect(await shop.drain()).toMatchObject({ events: 0, stoppedBy })
    expect(await rebuildShop({ redis, orm, shop: shop.shop })).toMatchObject({ epoch: 3 })
    // What it decided fits behind what Postgres has.
    expect(await shop.balance('ann')).toBe(101)
  })

  it('is noticed where Postgres lacks events: nothing is drained, and nothing is rebuilt', async () => {
    const earlier = await shop.watermark()
    value(await shop.charge('ann', 10))
    await shop.drain()
    await sql`
      update outbox_watermarks
      set event_id = ${String(earlier?.eventId)}, stream_id = ${earlier?.streamId},
        events = ${String(earlier?.events)}
      where shop = ${shop.shop}`.execute(databaseOf(orm))
    value(await shop.charge('ann', 1))
    expect(await fault()).toMatchObject({ lost: 'postgres' })
    expect(await shop.drain()).toMatchObject({ events: 0, stoppedBy: { lost: 'postgres' } })
    expect(await shop.backlog()).toBe(1)
    value(await shop.charge('ann', 1))
    // Who insists gives it up, by id.
    const rebuilt = await rebuildShop({ redis, orm, shop: shop.shop })
    expect(rebuilt).toMatchObject({ drained: 2, deadLetters: 2 })
    expect(await shop.rows('dead_letters', 'error')).toContainEqual({
      error: expect.stringMatching('has lost'),
    })
  })
})
