import type { Socket } from 'node:net'
import type { Cluster, Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openRedisCluster, type RedisCluster } from '../../fixtures/redis-cluster.ts'
import { openEngine } from '../../src/engine/engine.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

let cluster: RedisCluster
/** A shop on the master with the replica; its own engine waits for nobody. */
let shop: Sale
let option: string

beforeEach(async () => {
  cluster = await openRedisCluster({ settings: { 'cluster-node-timeout': '2000' } })
  const redis = connectRedis(cluster.url, { name: 'test' })
  onTestFinished(() => redis.disconnect())
  await redis.connect()
  shop = await openSale(redis, await cluster.shopOn(cluster.masters[0]))
  option = await shop.option({ stock: 10 })
})
afterEach(() => cluster.close())

const waiting = () => shop.engineWith({ replicaAcks: 1 })
const order = (key: string, by = waiting()) => shop.order('ann', { [option]: 1 }, { key }, by)

describe('with REPLICA_ACKS', () => {
  it('a decision is answered when the replica has it', async () => {
    expect(await order('one')).toMatchObject({ ok: true, replayed: false })
    expect(await shop.units(option)).toEqual({ free: 9, held: 1, sold: 0 })
  })

  it('one that the replica does not get is unknown, and a repeated request gets it', async () => {
    await cluster.cutReplication()
    await expect(order('one')).rejects.toMatchObject({
      name: 'Unavailable',
      cause: { message: '0 of 1 replicas have the decision' },
    })
    expect(await shop.units(option)).toEqual({ free: 9, held: 1, sold: 0 })
    await cluster.resumeReplication()
    const repeated = await vi.waitFor(() => order('one'), 10_000)
    expect(repeated).toMatchObject({ ok: true, replayed: true })
    expect(await shop.units(option)).toEqual({ free: 9, held: 1, sold: 0 })
  })

  it('a server that has forgotten the script gets it again, with the wait behind it', async () => {
    value(await order('one'))
    const [first] = cluster.masters
    await first.direct.script('FLUSH')
    value(await order('two'))
    // The replica has all that was written so far, and gets no more. Were the script sent again apart from its wait,
    // the wait would be content with that.
    await vi.waitFor(async () => {
      const info = await first.direct.info('replication')
      const [, had] = info.match(/^slave0:.*offset=(\d+)/m) ?? []
      expect(info).toContain(`master_repl_offset:${had}\r`)
    }, 10_000)
    cluster.replica.freeze()
    await first.direct.script('FLUSH')
    await expect(order('three')).rejects.toThrow('Redis did not decide')
    cluster.replica.thaw()
    const repeated = await vi.waitFor(() => order('three'), 10_000)
    expect(repeated).toMatchObject({ ok: true, replayed: true })
  })

  it('a slot that has moved is followed', async () => {
    const [first, second, third] = cluster.masters
    value(await order('one'))
    await cluster.moveSlot(shop.shop, first, second, async () => {})
    await expect(order('two')).rejects.toMatchObject({
      cause: { message: '0 of 1 replicas have the decision' },
    })
    expect(await shop.units(option)).toEqual({ free: 8, held: 2, sold: 0 })
    await cluster.moveSlot(shop.shop, second, first, async () => {})
    expect(await order('three')).toMatchObject({ ok: true })
    expect(await third.direct.ping()).toBe('PONG')
  })
})

describe('a failover to a replica that is behind', () => {
  it('loses what was answered without it, closes the shop, and names it', async () => {
    const told: string[][] = []
    const by = shop.engineWith({ onLost: (_shop, _epoch, { commands }) => told.push(...commands) })
    value(await order('before'))
    await cluster.cutReplication()
    const lost = value(await order('lost', by))
    await cluster.masters[0].kill()
    await cluster.failedOver()
    // The client finds the new master by itself.
    const repeated = await vi.waitFor(() => order('lost', by), { timeout: 10_000 })
    expect(codeOf(repeated)).toBe('shop_closed')
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(lost.id.slice(11))
  }, 60_000)
})

describe('a primary that froze and was replaced', () => {
  it('answers nothing that is lost, and what it decides late vanishes', async () => {
    const [first] = cluster.masters
    /** Asks until there is an answer: on a busy machine the first one may come too late to be heard. */
    const decided = (key: string, by = shop.engine) =>
      vi.waitFor(() => order(key, by), { timeout: 10_000 })
    value(await decided('before', waiting()))
    first.freeze()
    await expect(order('while frozen')).rejects.toThrow('Redis did not decide')
    await cluster.failedOver()
    value(await decided('late'))

    // A client that still takes the old primary for the one that decides.
    const stale = connectRedis(`redis://127.0.0.1:${first.port}`, { name: 'test' })
    stale.on('error', () => {})
    onTestFinished(() => stale.disconnect())
    first.thaw()
    stale.connect().catch(() => {}) // It goes on trying.
    await vi.waitFor(() => expect(stale.status).toBe('ready'), { timeout: 10_000 })
    const staleEngine = openEngine({ redis: stale, holdMs: 600_000, replicaAcks: 1 })
    await expect(order('stale', staleEngine)).rejects.toThrow('Redis did not decide')

    await cluster.follows(first)
    expect(await decided('before')).toMatchObject({ ok: true, replayed: true })
    expect(await decided('late')).toMatchObject({ ok: true, replayed: true })
    // What the frozen one had in its socket, and what it was asked for late, was decided for nobody.
    const units = () => vi.waitFor(() => shop.units(option), { timeout: 10_000 })
    expect(await units()).toEqual({ free: 8, held: 2, sold: 0 })
    value(await decided('while frozen'))
    value(await decided('stale'))
    expect(await units()).toEqual({ free: 6, held: 4, sold: 0 })
  }, 90_000)
})

describe('a connection that breaks under a decision', () => {
  it('does not send it again by itself', async () => {
    const [first] = cluster.masters
    value(await order('to load the script', shop.engine))
    await first.direct.config('RESETSTAT')
    first.freeze()
    const unanswered = expect(order('one', shop.engine)).rejects.toMatchObject({
      cause: { message: 'Connection is closed.' },
    })
    const nodes = (shop.redis as Cluster).nodes('master')
    const { stream } = nodes.find(({ options }) => options.port === first.port) as Redis
    const sent = (stream as Socket).bytesWritten
    await vi.waitFor(() => expect((stream as Socket).bytesWritten).toBeGreaterThan(sent))
    stream.destroy()
    first.thaw()
    await unanswered
    const executed = async () =>
      (await first.direct.info('commandstats')).match(/evalsha:calls=\d+/)
    await vi.waitFor(async () => expect(String(await executed())).toBe('evalsha:calls=1'), 10_000)
    const again = await vi.waitFor(() => order('one', shop.engine), { timeout: 10_000 })
    expect(again).toMatchObject({ ok: true, replayed: true })
    expect(await shop.units(option)).toEqual({ free: 8, held: 2, sold: 0 })
  }, 60_000)
})
