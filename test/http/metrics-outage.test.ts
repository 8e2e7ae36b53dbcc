import { expect, it } from 'vitest'
import { openApiOrm } from '../../src/db/orm.ts'
import { openShopMetrics } from '../../src/telemetry/shop-metrics.ts'
import { openClient } from './client.ts'

const client = await openClient()

it('tells that a store is away, and goes on telling the rest', async () => {
  // Nobody listens on this port.
  const orm = openApiOrm('postgresql://nobody@127.0.0.1:1/nothing')
  openShopMetrics({ redis: client.redis, orm })
  const { status, body } = await client.get('/metrics')
  expect(status).toBe(200)
  expect(body).toContain('stampede_store_up{store="postgres"} 0')
  expect(body).toContain('stampede_store_up{store="redis"} 1')
  expect(body).not.toContain('stampede_store_answer_seconds{store="postgres"}')
  expect(body).toContain('# TYPE stampede_http_duration_seconds histogram')
})
