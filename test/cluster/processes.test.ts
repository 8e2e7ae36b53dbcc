import { afterAll, expect, it, vi } from 'vitest'
import { openRedisCluster } from '../../fixtures/redis-cluster.ts'
import { program, runCommand } from '../e2e/engine.ts'
import { createDatabase } from '../support/postgres.ts'
import { openShopOverHttp, startProcesses } from './sale-over-http.ts'

const cluster = await openRedisCluster()
afterAll(cluster.close)

it('API and worker processes sell in shops on different nodes of a Redis Cluster', async () => {
  const { api, worker, settings, url } = await startProcesses(cluster.url, await createDatabase())
  for (const node of cluster.masters) {
    const name = await cluster.shopOn(node)
    const created = await runCommand([...program, 'shop', 'create', name], settings)
    expect(created).toMatchObject({ code: 0 })
    const shop = await openShopOverHttp(url, name)
    shop.journal.reaches(200).then(shop.close)
    await shop.sell()
    await vi.waitFor(
      async () => expect(await shop.verify()).toMatchObject({ ok: true, backlog: 0 }),
      {
        timeout: 20_000,
        interval: 100,
      },
    )
    const { accepted, unknown, missing } = await shop.missing()
    expect(missing).toEqual([])
    expect(unknown).toBe(0)
    expect(accepted).toBeGreaterThanOrEqual(200)
    const verified = await runCommand([...program, 'verify', '--shop', name], settings)
    expect(verified).toMatchObject({ code: 0 })
  }
  const ready = await fetch(`${url}/readyz`)
  expect(await ready.json()).toMatchObject({ ok: true })
  expect(await worker.stop()).toBe(0)
  expect(await api.stop()).toBe(0)
}, 120_000)
