import { pino } from 'pino'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { openRedisCluster, type RedisCluster } from '../../fixtures/redis-cluster.ts'
import { verify } from '../../src/verify/verify.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { program, runCommand } from '../e2e/engine.ts'
import { createDatabase } from '../support/postgres.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'
import { openShopOverHttp, startProcesses } from './sale-over-http.ts'

let cluster: RedisCluster
const settings = { 'cluster-node-timeout': '2000' }

afterEach(() => cluster.close())

it('with REPLICA_ACKS, what was answered under load survives its primary', async () => {
  cluster = await openRedisCluster({ settings, replicaCount: 3 })
  const [first] = cluster.masters
  const engine = await startProcesses(cluster.url, await createDatabase(), { REPLICA_ACKS: '1' })
  const name = await cluster.shopOn(first)
  const command = [...program, 'shop', 'create', name]
  expect(await runCommand(command, engine.settings)).toMatchObject({ code: 0 })
  const shop = await openShopOverHttp(engine.url, name)

  const selling = shop.sell()
  await shop.journal.reaches(200)
  await first.kill()
  await vi.waitFor(async () => {
    const answer = await shop.probe()
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }, 10_000)
  await cluster.failedOver()
  // As its supervisor would. Until it follows, the new primary has no replica whose word it could wait for.
  await first.start()
  await vi.waitFor(async () => expect((await shop.probe()).status).toBe(201), 30_000)
  await shop.journal.reaches(shop.journal.answered() + 200)
  shop.close()
  await selling

  const proven = async () => expect(await shop.verify()).toMatchObject({ ok: true, backlog: 0 })
  await vi.waitFor(proven, { timeout: 30_000, interval: 200 })
  const { accepted, unknown, missing } = await shop.missing()
  expect(missing).toEqual([])
  expect(accepted).toBeGreaterThan(200)
  expect(unknown).toBeGreaterThan(0)
  expect(engine.api.output.stderr).toContain(`The Redis node 127.0.0.1:${first.port} is gone`)
}, 180_000)

it('a replica that was behind is promoted: its shop is rebuilt from Postgres, and sells on', async () => {
  cluster = await openRedisCluster({ settings })
  const [first] = cluster.masters
  const books = await openBooks({ redisUrl: cluster.url })
  const workers = startWorkers({
    redisUrl: cluster.url,
    databaseUrl: books.databaseUrl,
    holdMs: 600_000,
    log: pino({ level: 'silent' }),
  })
  onTestFinished(workers.close)
  const shop = await books.openShop(await cluster.shopOn(first))
  const option = await shop.option({ stock: 10 })
  const order = (key: string) => shop.order('ann', { [option]: 1 }, { key })
  const persisted = async (count: number) => expect(await shop.rows('orders')).toHaveLength(count)
  value(await order('known to all'))
  await vi.waitFor(() => persisted(1), 20_000)

  await cluster.cutReplication()
  value(await order('unknown to the replica'))
  await vi.waitFor(() => persisted(2), 20_000)
  await first.kill()
  await cluster.failedOver()

  await vi.waitFor(async () => {
    expect(await shop.watermark()).toMatchObject({ epoch: 2 })
    expect(await order('unknown to the replica')).toMatchObject({ ok: true, replayed: true })
  }, 40_000)
  expect(value(await order('after')).status).toBe('PENDING')
  expect(await shop.units(option)).toEqual({ free: 7, held: 3, sold: 0 })
  await vi.waitFor(() => persisted(3), 20_000)
  expect(await verify(books, shop.shop)).toMatchObject({ ok: true })
}, 120_000)
