import { expect, it } from 'vitest'
import { openCollector } from './collector.ts'
import { beginTrace, offer, startEngine, tellsLoads } from './engine.ts'

it('without a collector nothing of the SDK is loaded, and a traceparent changes nothing', async () => {
  const engine = await startEngine({ redisDatabase: 12, settings: tellsLoads })
  const order = await offer(engine, 1)
  const placed = await engine.send('/v1/orders', { body: order, headers: beginTrace().headers })
  expect(placed.status).toBe(201)
  expect([...placed.headers.keys()].filter((name) => name.startsWith('trace'))).toEqual([])
  for (const { output } of [engine.api, engine.worker]) {
    const loads = new Set(output.stderr.match(/loads @opentelemetry\/.+/g))
    // The client of Prometheus has the interface, without anything behind it.
    expect([...loads]).toEqual(['loads @opentelemetry/api'])
  }
})

it('with a collector the SDK is loaded', async () => {
  const { endpoint } = await openCollector()
  const settings = { ...tellsLoads, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
  const engine = await startEngine({ redisDatabase: 12, settings })
  for (const { output } of [engine.api, engine.worker]) {
    expect(output.stderr).toContain('loads @opentelemetry/sdk-trace\n')
  }
})
