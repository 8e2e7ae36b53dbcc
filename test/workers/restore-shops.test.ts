import { sql } from 'kysely'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { keyLayout, shopKey } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { findFault } from '../../workers/restore-shops.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { codeOf, value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

// A Redis database of its own, because it is emptied.
const books = await openBooks({ redisDatabase: 10 })
const { redis, orm } = books

let shop: Shop
let workers: { close(): Promise<void> } | undefined
let lines: Record<string, unknown>[]

beforeEach(async () => {
  await redis.flushdb()
  shop = await books.openShop()
  value(await shop.charge('ann', 100))
  lines = []
})
afterEach(() => workers?.close())

function start() {
  const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) })
  const { redisUrl, databaseUrl } = books
  workers = startWorkers({ redisUrl, databaseUrl, holdMs: 600_000, log })
}

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 25_000, interval: 20 })
const charge = () => shop.charge('ann', 1)
const expectOpen = () => eventually(async () => expect(codeOf(await charge())).toBe('ok'))
const expectDrained = () => eventually(async () => expect(await shop.backlog()).toBe(0))
const report = () => verify({ redis, orm }, shop.shop)

describe('worker processes bring a shop back by themselves', () => {
  it('when its Redis is emptied in the middle of a sale, their own queue included', async () => {
    start()
    await expectDrained()
    await redis.flushdb()
    expect(codeOf(await charge())).toBe('shop_closed')
    await expectOpen()
    expect(await shop.balance('ann')).toBeGreaterThan(100)
    // The schedules and the drains are back as well.
    await expectDrained()
    expect(await report()).toMatchObject({ ok: true, epoch: 2 })
    expect(lines.map(({ msg }) => msg)).toContain('A shop is closed and rebuilt')
  })

  it('when a decision failed half way', async () => {
    start()
    await expectDrained()
    const option = await shop.option({ stock: 5 })
    // A counter that is no number any more, as a hand in the wrong place would leave it.
    await redis.hset(shopKey(shop.shop, 'purchases'), `${option}:ann`, 'broken')
    await expect(shop.order('ann', { [option]: 1 })).rejects.toThrow('place-order failed')
    expect(codeOf(await charge())).toBe('shop_closed')
    await expectOpen()
    expect(await shop.units(option)).toEqual({ free: 5, held: 0, sold: 0 })
    value(await shop.order('ann', { [option]: 1 }))
    await expectDrained()
    expect((await report()).ok).toBe(true)
  })

  it('when an earlier version wrote it, whose outbox is not drained yet', async () => {
    const coupon = await shop.coupon()
    const claim = value(await shop.claim(coupon, 'ann'))
    const { rank, issuedAt } = claim
    await redis.del(shopKey(shop.shop, 'claims'))
    const claims = { '#': '1', [`${coupon}:ann`]: `${rank} ${issuedAt} 0 A` }
    await redis.hset(shopKey(shop.shop, 'claims'), claims)
    await redis.hset(shopKey(shop.shop, 'meta'), 'layout', '2')
    expect(codeOf(await charge())).toBe('shop_closed')
    start()
    await expectOpen()
    expect(await shop.claim(coupon, 'ann')).toEqual({ ok: true, replayed: true, value: claim })
    await expectDrained()
    expect(await report()).toMatchObject({ ok: true, epoch: 2 })
  })

  it('but not where a later version wrote it', async () => {
    await redis.hset(shopKey(shop.shop, 'meta'), 'layout', keyLayout + 1)
    expect(await findFault({ redis, orm, shop: shop.shop })).toBeNull()
    await redis.hset(shopKey(shop.shop, 'meta'), 'layout', keyLayout - 1)
    expect(await findFault({ redis, orm, shop: shop.shop })).toMatchObject({ lost: 'redis' })
  })

  it('when they start, and find it lost', async () => {
    await shop.drain()
    await redis.flushdb()
    start()
    await expectOpen()
    await expectDrained()
    expect(await report()).toMatchObject({ ok: true, epoch: 2 })
  })

  it('but not where Postgres is what lost something: they only say so', async () => {
    await shop.drain()
    await sql`update outbox_watermarks set events = 0 where shop = ${shop.shop}`.execute(
      databaseOf(orm),
    )
    value(await charge())
    start()
    await eventually(async () =>
      expect(lines.map(({ msg }) => msg)).toContainEqual(
        expect.stringMatching('Postgres has lost events'),
      ),
    )
    expect(await shop.backlog()).toBe(1)
    expect(codeOf(await charge())).toBe('ok')
  })
})
