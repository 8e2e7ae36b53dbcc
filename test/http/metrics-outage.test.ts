import { afterAll, expect, it, vi } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { openApiOrm } from '../../src/db/orm.ts'
import { ensureShop } from '../../src/db/shops.ts'
import { limits } from '../../src/limits.ts'
import { openPoolMetrics } from '../../src/telemetry/pool-metrics.ts'
import { openShopMetrics } from '../../src/telemetry/shop-metrics.ts'
import { openGate } from '../workers/gate.ts'
import { openClient } from './client.ts'

const client = await openClient()
const gate = await openGate(client.databaseUrl)
const orm = openApiOrm(gate.address)
afterAll(() => orm.close())
await ensureShop(databaseOf(orm), client.shop)
openShopMetrics({ redis: client.redis, orm })
await openPoolMetrics(orm)

it('tells that a store is away, and goes on telling the rest', async () => {
  const open = `stampede_shop_open{shop="${client.shop}"} 1`
  const { body: before } = await client.get('/metrics')
  expect(before).toContain('stampede_store_up{store="postgres"} 1')
  expect(before).toContain(open)
  expect(before).toMatch(/^stampede_postgres_connections\{state="idle"\} [1-9]$/m)
  expect(before).toContain('stampede_postgres_waiting 0')

  gate.shut()
  const clock = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => clock() + limits.metricsAgeMs * 2)
  const { status, body } = await client.get('/metrics')
  expect(status).toBe(200)
  expect(body).toContain('stampede_store_up{store="postgres"} 0')
  expect(body).toContain('stampede_store_up{store="redis"} 1')
  expect(body).not.toContain('stampede_store_answer_seconds{store="postgres"}')
  expect(body).not.toContain('stampede_persisted_events_total{')
  expect(body).toContain(open)
  expect(body).toContain('# TYPE stampede_http_duration_seconds histogram')
})
