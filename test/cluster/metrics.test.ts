import { afterAll, expect, it, vi } from 'vitest'
import { openRedisCluster } from '../../fixtures/redis-cluster.ts'
import { limits } from '../../src/limits.ts'
import { registry } from '../../src/telemetry/registry.ts'
import { openShopMetrics } from '../../src/telemetry/shop-metrics.ts'
import { openBooks } from '../workers/books.ts'

const cluster = await openRedisCluster({ replicaCount: 0 })
afterAll(cluster.close)
const books = await openBooks({ redisUrl: cluster.url })
openShopMetrics(books)

/** Every look is a new one: none is so soon after another that this would be told again. */
let aheadMs = 0
const clock = performance.now.bind(performance)
vi.spyOn(performance, 'now').mockImplementation(() => clock() + aheadMs)

/** The samples of a metric by the values of their label. */
async function samples(metric: string): Promise<Record<string, number>> {
  aheadMs += limits.metricsAgeMs * 2
  const text = await registry.getSingleMetricAsString(metric)
  const lines = text.matchAll(/^\w+\{\w+="(.*)"\} (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, label, value]) => [label, Number(value)]))
}

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 20_000, interval: 100 })

it('a master that is gone is told, with its shops as such that decide nothing, and no other', async () => {
  const [, north, south] = cluster.masters
  const there = await books.openShop(await cluster.shopOn(north))
  const gone = await books.openShop(await cluster.shopOn(south))
  const nodes = cluster.masters.map(({ port }) => `127.0.0.1:${port}`)
  await eventually(async () => {
    expect(await samples('stampede_store_up')).toEqual({ redis: 1, postgres: 1 })
    expect(await samples('stampede_shop_open')).toEqual({ [there.shop]: 1, [gone.shop]: 1 })
    for (const metric of ['stampede_redis_memory_bytes', 'stampede_redis_cpu_seconds_total']) {
      expect(Object.keys(await samples(metric)).sort()).toEqual(nodes.sort())
    }
  })

  await south.kill()
  const told = async () => {
    expect(await samples('stampede_store_up')).toEqual({ redis: 0, postgres: 1 })
    expect(await samples('stampede_shop_open')).toEqual({ [there.shop]: 1, [gone.shop]: 0 })
    expect(await samples('stampede_persistence_lag_seconds')).toEqual({ [there.shop]: 0 })
    expect(await samples('stampede_redis_memory_bytes')).not.toHaveProperty([
      `127.0.0.1:${south.port}`,
    ])
  }
  await eventually(told)
  // It stays so, whichever node a question without a shop would have reached.
  for (let look = 0; look < 10; look++) await told()

  await south.start()
  await eventually(async () => {
    expect(await samples('stampede_store_up')).toEqual({ redis: 1, postgres: 1 })
    expect(await samples('stampede_shop_open')).toEqual({ [there.shop]: 1, [gone.shop]: 1 })
  })
}, 60_000)
