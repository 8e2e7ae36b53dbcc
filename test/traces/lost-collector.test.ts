import { expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { openCollector } from './collector.ts'
import { beginTrace, offer, startTraced } from './engine.ts'

const redisDatabase = 11

it('a collector that hangs, dies and comes back costs spans, and no answer', async () => {
  const collector = await openCollector()
  collector.hang()
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
  const engine = await startTraced({ redisDatabase, settings })
  const order = await offer(engine, 1_000_000)
  const askOften = async (count: number) => {
    let left = count
    const ask = async () => {
      while (left-- > 0) expect((await engine.send('/v1/orders', { body: order })).status).toBe(201)
    }
    await Promise.all(Array.from({ length: 32 }, ask))
  }

  const heldMax = limits.spansQueuedMax + limits.spansSentMax
  await askOften(heldMax + 2_000)
  // Every answer is there and the collector has given none; it is asked with one message at a time.
  expect(collector.unanswered.size).toBeLessThanOrEqual(1)
  expect(collector.spans).toEqual([])
  await collector.die()
  await askOften(100)
  await engine.api.prints(/Traces are lost on their way to the collector/)

  const next = await openCollector({ port: collector.port })
  await next.find(({ name }) => name === 'POST /v1/orders')
  const { traceId, headers } = beginTrace()
  await engine.send('/v1/orders', { body: order, headers })
  await next.find((span) => span.traceId === traceId)
  // Those that came while the queue was full are lost.
  expect(next.spans.length).toBeLessThan(heldMax + 1_000)
})

it('a collector that hangs holds up no stop', async () => {
  const collector = await openCollector()
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
  const engine = await startTraced({ redisDatabase, settings })
  collector.hang()
  await offer(engine, 1)
  const askedAt = performance.now()
  expect(await engine.api.stop()).toBe(0)
  // Then its supervisor would kill it.
  expect(performance.now() - askedAt).toBeLessThan(limits.childStopMs)
  expect(collector.unanswered.size).toBe(1)
})
