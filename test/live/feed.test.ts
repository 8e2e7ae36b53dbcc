import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openApiOrm } from '../../src/db/orm.ts'
import { limits } from '../../src/limits.ts'
import { type FeedEvent, openFeed } from '../../src/live/feed.ts'
import type { Moment, Second } from '../../src/live/moment.ts'
import { noShop, type Outcomes, openPulse, type Pulse, pulseChannel } from '../../src/live/pulse.ts'
import { connectRedis, type RedisClient } from '../../src/redis/client.ts'
import { createDatabase } from '../support/postgres.ts'
import { connect, redisUrl, uniqueShop } from '../support/redis.ts'
import { openSale } from '../support/sale.ts'

const redis = await connect()
const orm = openApiOrm(await createDatabase())
afterAll(() => orm.close())

/** A feed with the connections that it has opened to listen. */
function openTestFeed() {
  const subscribers: RedisClient[] = []
  const feed = openFeed({
    redis,
    orm,
    openSubscriber() {
      const subscriber = connectRedis(redisUrl(), { name: 'test-feed' })
      subscribers.push(subscriber)
      return subscriber
    },
  })
  afterAll(feed.close)
  return { feed, subscribers }
}

/** Somebody who watches a shop and keeps what he is sent. */
function openViewer({ feed }: ReturnType<typeof openTestFeed>, shop: string) {
  const events: FeedEvent[] = []
  const end = vi.fn()
  const watching = feed.watch(shop, (_, text) => void events.push(JSON.parse(text)), end)
  if (!watching) throw new Error('nobody more may watch')
  const moments = () =>
    events.flatMap((event): Moment[] => (event.name === 'moment' ? [event.moment] : []))
  const outcomes = () => moments().flatMap(({ seconds }) => seconds.map((one) => one.outcomes))
  return {
    ...watching,
    events,
    end,
    moments,
    /** How often a status was told of, over all seconds. */
    count: (kind: keyof Outcomes, status: string) =>
      outcomes().reduce((sum, one) => sum + (one[kind]?.[status] ?? 0), 0),
  }
}

const second = () => Math.floor(Date.now() / 1_000)
const publish = (pulse: Pulse) => redis.publish(pulseChannel(redis), JSON.stringify(pulse))
const isListening = ({ subscribers }: ReturnType<typeof openTestFeed>) =>
  vi.waitFor(async () => {
    const names = (await redis.client('LIST')) as string
    expect(subscribers.at(-1)?.status).toBe('ready')
    expect(names).toMatch(/name=test-feed .*sub=1/)
  })

/** A new shop, and somebody who watches it by a feed that listens. */
async function openWatchedShop() {
  const shop = uniqueShop()
  await openSale(redis, shop)
  const opened = openTestFeed()
  const viewer = openViewer(opened, shop)
  await isListening(opened)
  return { shop, opened, viewer }
}

/** A pulse with a clock that a test sets, and what it has published. */
function openTestPulse() {
  const published: Pulse[] = []
  const clock = { ms: 1_000_400 }
  const ear = { publish: async (_: string, text: string) => published.push(JSON.parse(text)) }
  const pulse = openPulse(ear as unknown as RedisClient, () => clock.ms)
  return { pulse, published, clock }
}

describe('the pulse of a process', () => {
  it('counts each decision in its shop and second, repeats and refusals apart', async () => {
    const { pulse, published, clock } = openTestPulse()
    const shop = uniqueShop()
    const sale = await openSale(redis, shop, {
      onBatch: pulse.countBatch,
      onSoldOut: pulse.countSoldOut,
    })
    const coupon = await sale.coupon({ totalQuantity: 1 })
    const option = await sale.option({ price: 100, stock: 2 })
    await sale.charge('ann', 100)
    await sale.claim(coupon, 'ann')
    await sale.claim(coupon, 'ann')
    clock.ms += 1_000
    await sale.claim(coupon, 'bob')
    await sale.order('ann', { [option]: 1 }, { pay: true })
    await sale.order('bob', { [option]: 1 })
    await pulse.publish()
    expect(published).toMatchObject([
      { second: 1_000, shops: { [shop]: { claims: { claimed: 1, replayed: 1 } } } },
    ])
    clock.ms += 1_000
    await pulse.publish()
    expect(published[1]).toEqual({
      process: published[0]?.process,
      second: 1_001,
      shops: { [shop]: { claims: { sold_out: 1 }, orders: { placed: 2 }, payments: { paid: 1 } } },
    })
  })

  it('counts the claims that are refused without asking Redis, and what Redis did not decide', async () => {
    const { pulse, published, clock } = openTestPulse()
    const shop = uniqueShop()
    const own = connectRedis(redisUrl(), { name: 'test' })
    await own.connect()
    const onSoldOut = vi.fn(pulse.countSoldOut)
    const sale = await openSale(own, shop, { onBatch: pulse.countBatch, onSoldOut })
    const coupon = await sale.coupon({ totalQuantity: 1 })
    await sale.claim(coupon, 'ann')
    await vi.waitFor(async () => {
      await sale.claim(coupon, 'bob')
      expect(onSoldOut).toHaveBeenCalledWith(shop)
    })
    const asked = onSoldOut.mock.calls.length
    own.disconnect()
    await expect(sale.claim('another', 'bob')).rejects.toThrow()
    clock.ms += 1_000
    await pulse.publish()
    const { claims } = published[0]?.shops[shop] ?? {}
    expect(claims?.unavailable).toBe(1)
    expect(claims?.sold_out).toBeGreaterThanOrEqual(asked)
  })

  it('counts requests that failed or were kept out, and those of no known shop apart', async () => {
    const { pulse, published, clock } = openTestPulse()
    const rateLimited = { status: 429, code: 'rate_limited' }
    pulse.countProblem('outlet', { status: 503, code: 'unavailable' })
    pulse.countProblem('outlet', { status: 500, code: 'internal' })
    pulse.countProblem('outlet', { status: 409, code: 'admission_required' })
    pulse.countProblem('outlet', rateLimited)
    pulse.countProblem(undefined, rateLimited)
    // The decision that said so is counted, and who asks for what is not there is no news.
    pulse.countProblem('outlet', { status: 409, code: 'sold_out' })
    pulse.countProblem('outlet', { status: 404, code: 'order_not_found' })
    clock.ms += 1_000
    await pulse.publish()
    const once = { unavailable: 1, internal: 1, admission_required: 1, rate_limited: 1 }
    expect(published[0]?.shops).toEqual({
      outlet: { requests: once },
      [noShop]: { requests: { rate_limited: 1 } },
    })
  })

  it('counts for a shop whose name means something to JavaScript', async () => {
    const { pulse, published, clock } = openTestPulse()
    pulse.countSoldOut('__proto__')
    clock.ms += 1_000
    await pulse.publish()
    expect(Object.entries(published[0]?.shops ?? {})).toEqual([
      ['__proto__', { claims: { sold_out: 1 } }],
    ])
    expect(Object.prototype).not.toHaveProperty('claims')
  })
})

describe('the feed', () => {
  it('adds up what all processes decided, and reads the shop', async () => {
    const shop = uniqueShop()
    const sale = await openSale(redis, shop)
    const option = await sale.option({ price: 100, stock: 5 })
    await sale.charge('ann', 100)
    await sale.order('ann', { [option]: 2 })
    const opened = openTestFeed()
    const viewer = openViewer(opened, shop)
    await isListening(opened)
    const at = second()
    const shops: Pulse['shops'] = {
      [shop]: { claims: { claimed: 2, sold_out: 3 } },
      other: { claims: { claimed: 9 } },
    }
    await publish({ process: 'one', second: at, shops })
    await publish({ process: 'two', second: at, shops: { [shop]: { claims: { claimed: 1 } } } })
    await vi.waitFor(() => expect(viewer.count('claims', 'claimed')).toBe(3), { timeout: 10_000 })
    expect(viewer.count('claims', 'sold_out')).toBe(3)
    const told = viewer.moments().find(({ processes }) => processes > 0) as Moment
    expect(told.processes).toBeGreaterThanOrEqual(2)
    expect(told.seconds.find(({ outcomes }) => outcomes.claims)?.atMs).toBe(at * 1_000)
    expect(told.state).toMatchObject({
      isOpen: true,
      backlog: 3,
      products: [{ options: [{ id: option, free: 3, held: 2, sold: 0 }] }],
    })
    viewer.stop()
  })

  it('tells every shop of what belongs to none', async () => {
    const { shop, opened, viewer } = await openWatchedShop()
    const other = openViewer(opened, uniqueShop())
    const shops: Pulse['shops'] = {
      [noShop]: { requests: { rate_limited: 2 } },
      [shop]: { requests: { internal: 1 } },
    }
    await publish({ process: 'one', second: second(), shops })
    for (const one of [viewer, other]) {
      await vi.waitFor(() => expect(one.count('requests', 'rate_limited')).toBe(2), {
        timeout: 10_000,
      })
    }
    expect(viewer.count('requests', 'internal')).toBe(1)
    expect(other.count('requests', 'internal')).toBe(0)
    viewer.stop()
    other.stop()
  })

  it('keeps what waited for Postgres in each second, and makes one text for all viewers', async () => {
    const { shop, opened, viewer } = await openWatchedShop()
    const other = openViewer(opened, shop)
    const stringify = vi.spyOn(JSON, 'stringify')
    onTestFinished(() => stringify.mockRestore())
    const before = viewer.moments().length
    await vi.waitFor(() => expect(viewer.moments().length).toBeGreaterThan(before + 1), {
      timeout: 10_000,
    })
    const made = stringify.mock.calls.filter(([it]) => it?.name === 'moment').length
    expect(made).toBe(viewer.moments().length - before)
    expect(other.moments().slice(-made)).toEqual(viewer.moments().slice(-made))
    const { state, seconds } = viewer.moments().at(-1) as Moment
    const { backlog, lagMs } = state ?? {}
    expect(seconds.at(-1)).toMatchObject({ backlog, lagMs })
    const [history] = openViewer(opened, shop).events
    expect((history as { seconds: Second[] }).seconds.at(-1)).toMatchObject({ backlog, lagMs })
    viewer.stop()
    other.stop()
  })

  it('tells of the last proof of the books, also those who come later', async () => {
    const { shop, opened, viewer } = await openWatchedShop()
    const other = openViewer(opened, uniqueShop())
    const report = { ok: true, checks: [], backlog: 0, dropped: 0, epoch: 1 }
    opened.feed.keepProof(shop, { report, atMs: 1, tookMs: 5 })
    opened.feed.keepProof(shop, { report, atMs: 2, tookMs: 5 })
    const proof = { name: 'proof', proof: { report, atMs: 2, tookMs: 5 } }
    expect(viewer.events.at(-1)).toEqual(proof)
    expect(openViewer(opened, shop).events.at(-1)).toEqual(proof)
    expect(other.events.map(({ name }) => name)).not.toContain('proof')
    viewer.stop()
    other.stop()
  })

  it('says of what there is more than it tells', async () => {
    const shop = uniqueShop()
    const sale = await openSale(redis, shop)
    const firstMoment = async () => {
      const viewer = openViewer(openTestFeed(), shop)
      await vi.waitFor(() => expect(viewer.moments()).not.toEqual([]), { timeout: 10_000 })
      viewer.stop()
      return viewer.moments()[0]?.state
    }
    for (let made = 0; made < limits.liveProductsMax; made++) await sale.product([{}])
    const no = { products: false, coupons: false, popular: false }
    expect((await firstMoment())?.hasMore).toEqual(no)
    await sale.product([{}])
    const state = await firstMoment()
    expect(state?.hasMore).toEqual({ ...no, products: true })
    expect(state?.products).toHaveLength(limits.liveProductsMax)
  })

  it('hears the processes of its own database only, and nothing that is no pulse', async () => {
    const { shop, viewer } = await openWatchedShop()
    const elsewhere = connectRedis(new URL('/7', redisUrl()).href, { name: 'test' })
    await elsewhere.connect()
    const clock = { ms: Date.now() }
    const pulse = openPulse(elsewhere, () => clock.ms)
    for (const one of [shop, uniqueShop()]) pulse.countSoldOut(one)
    clock.ms += 1_000
    await pulse.publish()
    elsewhere.disconnect()
    for (const text of ['hello', '{}', '{"process":1,"second":"now","shops":null}']) {
      await redis.publish(pulseChannel(redis), text)
    }
    const shops = { [shop]: { claims: { claimed: 1 } } }
    await publish({ process: 'one', second: second(), shops })
    await vi.waitFor(() => expect(viewer.count('claims', 'claimed')).toBe(1), { timeout: 10_000 })
    expect(viewer.count('claims', 'sold_out')).toBe(0)
    viewer.stop()
  })

  it('counts now what a clock counts that is ahead, and goes on where its own is set back', async () => {
    const { shop, opened, viewer } = await openWatchedShop()
    const shops = { [shop]: { orders: { placed: 4 } } }
    await publish({ process: 'ahead', second: second() + 86_400, shops })
    await vi.waitFor(() => expect(viewer.count('orders', 'placed')).toBe(4), { timeout: 10_000 })

    const now = Date.now
    const hourMs = 3_600_000
    const setBack = vi.spyOn(Date, 'now').mockImplementation(() => now() - hourMs)
    onTestFinished(() => setBack.mockRestore())
    const isBack = () => viewer.moments().at(-1)?.seconds.at(-1)?.atMs ?? Number.POSITIVE_INFINITY
    await vi.waitFor(() => expect(isBack()).toBeLessThan(now() - hourMs / 2), { timeout: 10_000 })
    const [history] = openViewer(opened, shop).events
    const times = (history as { seconds: Second[] }).seconds.map(({ atMs }) => atMs)
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
    expect(times.at(-1)).toBeLessThan(now() - hourMs / 2)
    viewer.stop()
  })

  it('tells of every second once, and counts what comes too late', async () => {
    const { shop, viewer } = await openWatchedShop()
    const shops = { [shop]: { orders: { placed: 4 } } }
    await publish({ process: 'late', second: second() - 60, shops })
    await vi.waitFor(() => expect(viewer.count('orders', 'placed')).toBe(4), { timeout: 10_000 })
    await vi.waitFor(() => expect(viewer.moments().length).toBeGreaterThan(3), { timeout: 10_000 })
    const times = viewer.moments().flatMap(({ seconds }) => seconds.map(({ atMs }) => atMs / 1_000))
    expect(times).toEqual(times.map((_, index) => (times[0] as number) + index))
    viewer.stop()
  })

  it('listens once for all viewers, tells a later one what was, and stops with the last', async () => {
    const { shop, opened, viewer: first } = await openWatchedShop()
    await vi.waitFor(() => expect(first.moments().length).toBeGreaterThan(1), { timeout: 10_000 })
    const later = openViewer(opened, shop)
    const other = openViewer(opened, uniqueShop())
    expect(opened.subscribers).toHaveLength(1)
    const [history] = later.events
    expect(history).toMatchObject({ name: 'history' })
    expect((history as { seconds: unknown[] }).seconds.length).toBeGreaterThan(0)
    first.stop()
    first.stop()
    later.stop()
    expect(opened.subscribers[0]?.status).toBe('ready')
    other.stop()
    await vi.waitFor(() => expect(opened.subscribers[0]?.status).toBe('end'))
    openViewer(opened, shop)
    expect(opened.subscribers).toHaveLength(2)
  })

  it('lets no more watch than may, and ends all when it closes', async () => {
    const opened = openTestFeed()
    const shop = uniqueShop()
    const viewers = Array.from({ length: limits.liveViewersMax }, () => openViewer(opened, shop))
    expect(
      opened.feed.watch(
        shop,
        () => {},
        () => {},
      ),
    ).toBeNull()
    viewers[0]?.stop()
    const one = openViewer(opened, shop)
    await opened.feed.close()
    expect(one.end).toHaveBeenCalledOnce()
    await vi.waitFor(() => expect(opened.subscribers[0]?.status).toBe('end'))
    for (const viewer of [...viewers, one]) viewer.stop()
    expect(() => openViewer(opened, shop)).toThrow('nobody more may watch')
    expect(opened.subscribers).toHaveLength(1)
  })

  it('says that a shop has lost its hot state', async () => {
    const opened = openTestFeed()
    const viewer = openViewer(opened, uniqueShop())
    const lost = { state: null, fault: 'lost' }
    await vi.waitFor(() => expect(viewer.moments()[0]).toMatchObject(lost), { timeout: 10_000 })
    viewer.stop()
  })
})
