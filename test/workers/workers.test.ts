import { sql } from 'kysely'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openEngine } from '../../src/engine/engine.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'
import { openGate } from './gate.ts'

// A Redis database of its own: workers take every job that they see, also those of other test files.
const books = await openBooks({ redisDatabase: 1 })
const redisGate = await openGate(books.redisUrl)
const postgresGate = await openGate(books.databaseUrl)

let shop: Shop
let lines: { level: number; msg: string }[]
let closables: { close(): Promise<void> }[]

beforeEach(async () => {
  await books.clearQueue()
  shop = await books.openShop()
  lines = []
  closables = []
})

afterEach(async () => {
  redisGate.open()
  postgresGate.open()
  for (const closable of closables.reverse()) await closable.close()
})

function start() {
  const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) })
  const workers = startWorkers({
    redisUrl: redisGate.address,
    databaseUrl: postgresGate.address,
    holdMs: 600_000,
    log,
  })
  closables.push(workers)
  return workers
}

function openWaking() {
  const wakeUps = openWakeUps(books.redisUrl)
  closables.push(wakeUps)
  return openEngine({ redis: books.redis, holdMs: 600_000, onAccepted: wakeUps.wake })
}

const charge = (by = shop.engine) => shop.charge('ann', 1, {}, by).then(value)
const persisted = async () => (await shop.rows('balance_history', 'id')).length
const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 20_000, interval: 20 })
const expectPersisted = (count: number) =>
  eventually(async () => expect(await persisted()).toBe(count))
const errors = () => lines.filter(({ level }) => level >= 50)

describe('the workers', () => {
  it('find a silent drain without any wake-up', async () => {
    await charge()
    await charge()
    start()
    await expectPersisted(2)
    await charge()
    await expectPersisted(3)
  })

  it('persist what was woken for before they started', async () => {
    const engine = openWaking()
    await charge(engine)
    start()
    await expectPersisted(1)
  })

  it('expire the holds whose deadline has passed, and persist that', async () => {
    const optionId = await shop.option()
    const order = value(await shop.order('ann', { [optionId]: 3 }))
    await shop.lapse(order.id)
    start()
    await eventually(async () =>
      expect(await shop.rows('orders', 'status')).toEqual([{ status: 'EXPIRED' }]),
    )
    expect(await shop.units(optionId)).toEqual({ free: 10, held: 0, sold: 0 })
  })

  it('mark the user coupons whose time has passed, and persist that', async () => {
    const couponId = await shop.coupon({ userCouponTtlSeconds: 1 })
    const { userCouponId } = value(await shop.claim(couponId, 'ann'))
    await shop.lapseCoupon(userCouponId, 'ann')
    start()
    await eventually(async () =>
      expect(await shop.rows('user_coupons', 'status')).toEqual([{ status: 'EXPIRED' }]),
    )
    expect(errors()).toEqual([])
  })

  it('take the rankings of the days that are over', async () => {
    const optionId = await shop.option({ price: 0 })
    const order = value(await shop.order('ann', { [optionId]: 3 }))
    await shop.drain()
    const db = books.orm.em.fork().getKysely()
    await sql`update orders set ordered_at = ordered_at - interval '2 days'
      where shop = ${shop.shop} and id = ${order.id}`.execute(db)
    await sql`update payments set paid_at = paid_at - interval '2 days'
      where shop = ${shop.shop} and order_id = ${order.id}`.execute(db)
    start()
    start()
    await eventually(async () =>
      expect(await shop.rows('ranking_snapshots', 'ranking_date')).toHaveLength(2),
    )
    expect(await shop.rows('product_rankings', 'sales_count')).toEqual([{ sales_count: '3' }])
    expect(errors()).toEqual([])
  })

  it('catch up by themselves after an outage of Postgres, and say so once', async () => {
    start()
    const engine = openWaking()
    await charge(engine)
    await expectPersisted(1)
    postgresGate.shut()
    await charge(engine)
    await eventually(async () => expect(errors().length).toBeGreaterThan(0))
    // Many failing attempts later …
    for (let more = 0; more < 5; more++) {
      await charge(engine)
      await vi.waitFor(() => expect(postgresGate.refused()).toBeGreaterThan(more * 2), {
        timeout: 20_000,
      })
    }
    postgresGate.open()
    await expectPersisted(7)
    const drainErrors = errors().filter(({ msg }) => msg.startsWith('Bringing the events'))
    expect(drainErrors).toHaveLength(1)
    await eventually(async () =>
      expect(lines.some(({ msg }) => msg.includes('works again'))).toBe(true),
    )
  })

  it('go on by themselves after an outage of Redis', async () => {
    start()
    await charge()
    await expectPersisted(1)
    redisGate.shut()
    await charge()
    await vi.waitFor(() => expect(redisGate.refused()).toBeGreaterThan(5), { timeout: 20_000 })
    redisGate.open()
    await expectPersisted(2)
    await charge()
    await expectPersisted(3)
  })

  it('lose nothing where they are stopped in the middle and started again', async () => {
    const first = start()
    const engine = openWaking()
    const charges = Array.from({ length: 2_000 }, () => charge(engine))
    await eventually(async () => expect(await persisted()).toBeGreaterThan(0))
    await first.close()
    await Promise.all(charges)
    start()
    await expectPersisted(2_000)
    // A batch is persisted a moment before it is trimmed.
    await eventually(async () => expect(await shop.backlog()).toBe(0))
  })
})

describe('wake-ups', () => {
  it('never fail and never wait while Redis is away', async () => {
    const wakeUps = openWakeUps(redisGate.address)
    redisGate.shut()
    for (let index = 0; index < 1_000; index++) wakeUps.wake(shop.shop)
    await wakeUps.close()
  })

  it('add few jobs for many decisions', async () => {
    const wakeUps = openWakeUps(books.redisUrl)
    for (let index = 0; index < 10_000; index++) wakeUps.wake(shop.shop)
    await wakeUps.close()
    expect(await books.redis.llen('{stampede}:drain:wait')).toBe(1)
  })
})
