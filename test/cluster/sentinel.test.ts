import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type RedisProcess, safeSettings, startRedis } from '../../fixtures/redis-process.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { until } from '../../src/services/processes.ts'
import { verify } from '../../src/verify/verify.ts'
import { startWorkers } from '../../workers/start-workers.ts'
import { resolveFor } from '../services/folder.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'

let primary: RedisProcess
let replica: RedisProcess
let sentinel: RedisProcess
let url: string

beforeEach(async () => {
  primary = await startRedis()
  replica = await startRedis(safeSettings({ replicaof: `127.0.0.1 ${primary.port}` }))
  const isFollowed = async () => (await primary.direct.info('replication')).includes('state=online')
  if (!(await until(isFollowed, 10_000))) throw new Error('The replica does not follow')
  sentinel = await startRedis(
    {
      bind: '127.0.0.1',
      'sentinel monitor': `sale 127.0.0.1 ${primary.port} 1`,
      'sentinel down-after-milliseconds': 'sale 1500',
      'sentinel failover-timeout': 'sale 5000',
    },
    ['--sentinel'],
  )
  const knowsReplica = async () =>
    ((await sentinel.direct.call('SENTINEL', 'REPLICAS', 'sale')) as unknown[]).length === 1
  if (!(await until(knowsReplica, 20_000))) throw new Error('The sentinel knows no replica')
  url = `redis+sentinel://127.0.0.1:1,127.0.0.1:${sentinel.port}/sale`
})
afterEach(() => Promise.all([sentinel, primary, replica].map((server) => server.remove())))

describe('with Sentinel', () => {
  it('the start looks at the primary and at the replica that may take its place', async () => {
    const elsewhere = { DATABASE_URL: 'postgresql://localhost/x', JWT_SECRET: 'x'.repeat(32) }
    const find = (lines: string[] = []) => resolveFor({ ...elsewhere, REDIS_URL: url }, lines)
    const lines: string[] = []
    await find(lines)
    expect(lines.join()).toContain('The primary sale has replicas, and REPLICA_ACKS is 0')
    await replica.direct.config('SET', 'appendfsync', 'everysec')
    await expect(find()).rejects.toThrow(
      `replica 127.0.0.1:${replica.port}: appendfsync is everysec, must be always`,
    )
  })

  it.each([
    ['is killed', () => primary.kill()],
    // Its connections stay open: only the sentinels can tell.
    ['freezes', () => primary.freeze()],
  ])(
    'engine, wake-ups and drains follow when the primary %s',
    async (_, end) => {
      const books = await openBooks({ redisUrl: url })
      const wakeUps = openWakeUps(url)
      onTestFinished(wakeUps.close)
      const workers = startWorkers({
        redisUrl: url,
        databaseUrl: books.databaseUrl,
        holdMs: 600_000,
        log: pino({ level: 'silent' }),
      })
      onTestFinished(workers.close)
      const shop = await books.openShop(undefined, { onAccepted: wakeUps.wake, replicaAcks: 1 })
      const option = await shop.option({ stock: 10 })
      value(await shop.order('ann', { [option]: 1 }, { key: 'before' }))
      await vi.waitFor(async () => expect(await shop.rows('orders')).toHaveLength(1), 10_000)

      await end()
      await expect(shop.order('ann', { [option]: 1 }, { key: 'meanwhile' })).rejects.toThrow()
      const waitsForNobody = shop.engineWith({ replicaAcks: 0 })
      const after = () => shop.order('ann', { [option]: 1 }, { key: 'after' }, waitsForNobody)
      value(await vi.waitFor(after, { timeout: 30_000, interval: 100 }))
      const before = await shop.order('ann', { [option]: 1 }, { key: 'before' }, waitsForNobody)
      expect(before).toMatchObject({ ok: true, replayed: true })
      await vi.waitFor(async () => expect(await shop.rows('orders')).toHaveLength(2), 20_000)
      expect(await verify(books, shop.shop)).toMatchObject({ ok: true, backlog: 0 })
    },
    90_000,
  )
})
