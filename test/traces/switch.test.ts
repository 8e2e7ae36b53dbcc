import { beforeEach, expect, it } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { openBooks } from '../workers/books.ts'
import { openCollector } from './collector.ts'
import { beginTrace, offer, startTraced, tellsLoads } from './engine.ts'

const redisDatabase = 10
const { redis } = await openBooks({ redisDatabase })
beforeEach(() => redis.flushdb())

/** The fields of the newest event in the outbox of the default shop. */
async function newestFields(): Promise<string[]> {
  const [entry] = await redis.xrevrange(shopKey('main', 'outbox'), '+', '-', 'COUNT', 1)
  return (entry?.[1] ?? []).filter((_, index) => index % 2 === 0)
}

it('without a collector nothing of the SDK is loaded, and a traceparent changes nothing', async () => {
  const engine = await startTraced({ redisDatabase, settings: tellsLoads })
  const order = await offer(engine, 1)
  const { headers } = beginTrace()
  const placed = await engine.send('/v1/orders', { body: order, headers })
  expect(placed.status).toBe(201)
  expect(placed.headers.get('traceparent')).toBeNull()
  expect(await newestFields()).toEqual(['type', 'v', 'data'])
  const worker = await engine.startWorker()
  for (const { output } of [engine.api, worker]) {
    const loads = new Set(output.stderr.match(/loads @opentelemetry\/.+/g))
    // The client of Prometheus has the interface, without anything behind it.
    expect([...loads]).toEqual(['loads @opentelemetry/api'])
  }
})

it('with a collector the SDK is loaded', async () => {
  const { endpoint } = await openCollector()
  const settings = { ...tellsLoads, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
  const engine = await startTraced({ redisDatabase, settings })
  const worker = await engine.startWorker()
  for (const { output } of [engine.api, worker]) {
    expect(output.stderr).toContain('loads @opentelemetry/sdk-trace\n')
  }
})
