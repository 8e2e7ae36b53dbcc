import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Collector, leadsTo, openCollector, type Span } from './collector.ts'
import { beginTrace, type Engine, offer, startEngine } from './engine.ts'

const server = 2
const client = 3
const consumer = 5

const cleanups: (() => Promise<void>)[] = []
const atEnd = (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup)
let collector: Collector
let engine: Engine

beforeAll(async () => {
  collector = await openCollector({ atEnd })
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
  engine = await startEngine({ redisDatabase: 15, settings, atEnd })
})
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

describe('the trace of an order', () => {
  it('leads from its request to its batch and to the drain', async () => {
    const order = await offer(engine, 1)
    const { traceId, spanId, headers } = beginTrace()
    const placed = await engine.send('/v1/orders?from=here', { body: order, headers })
    expect(placed.status).toBe(201)

    const isOfIt = (span: Span) => span.traceId === traceId
    const request = await collector.find((span) => isOfIt(span) && span.kind === server)
    expect(request).toMatchObject({
      service: 'stampede-api',
      name: 'POST /v1/orders',
      parentSpanId: spanId,
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/orders',
        'http.response.status_code': 201,
        'stampede.request_id': placed.headers.get('x-request-id'),
      },
    })
    expect(request.attributes).not.toHaveProperty('stampede.code')

    const batch = await collector.find((span) => leadsTo(request, span))
    expect(batch).toMatchObject({
      service: 'stampede-api',
      name: 'EVALSHA decide',
      kind: client,
      parentSpanId: '',
      attributes: { 'stampede.shop': 'main', 'stampede.batch.commands': 1 },
    })
    expect(leadsTo(batch, request)).toBe(true)

    const persist = await collector.find((span) => isOfIt(span) && span.kind === consumer)
    expect(persist).toMatchObject({
      service: 'stampede-worker',
      name: 'persist order_placed',
      parentSpanId: request.spanId,
    })
    expect(persist.attributes['messaging.message.id']).toMatch(/^\d+-\d+$/)
    const drain = await collector.find((span) => leadsTo(persist, span))
    expect(drain).toMatchObject({
      service: 'stampede-worker',
      name: 'drain outbox',
      kind: consumer,
    })
    expect(leadsTo(drain, request)).toBe(true)
  })

  it('shares its batch with the other requests that it carried, and its drain', async () => {
    const orders = 60
    const order = await offer(engine, orders)
    const traces = Array.from({ length: orders }, () => beginTrace())
    const placed = await Promise.all(
      traces.map(({ headers }) => engine.send('/v1/orders', { body: order, headers })),
    )
    expect(placed.map(({ status }) => status)).toEqual(placed.map(() => 201))

    const ids = new Set(traces.map(({ traceId }) => traceId))
    const spansOf = (kind: number) =>
      collector.spans.filter((span) => span.kind === kind && ids.has(span.traceId))
    await vi.waitFor(() => {
      expect([spansOf(server).length, spansOf(consumer).length]).toEqual([orders, orders])
    }, 30_000)
    for (const name of ['EVALSHA decide', 'drain outbox']) {
      const carriers = collector.spans.filter(
        (span) => span.name === name && spansOf(server).some((request) => leadsTo(span, request)),
      )
      // Each request is in one of them, and some share theirs, also with what was done before them.
      const links = carriers.flatMap((carrier) => carrier.links)
      expect(links.filter(({ traceId }) => ids.has(traceId))).toHaveLength(orders)
      expect(carriers.length).toBeLessThan(orders)
      const leading = name === 'EVALSHA decide' ? spansOf(server) : spansOf(consumer)
      for (const span of leading) {
        expect(carriers.filter((carrier) => leadsTo(span, carrier))).toHaveLength(1)
      }
    }
  })

  it('says why it was refused', async () => {
    const order = await offer(engine, 0)
    const { traceId, headers } = beginTrace()
    expect((await engine.send('/v1/orders', { body: order, headers })).status).toBe(409)
    const request = await collector.find((span) => span.traceId === traceId)
    expect(request).toMatchObject({ status: 0, attributes: { 'stampede.code': 'sold_out' } })
  })
})

describe('a request', () => {
  it('without a route is named by its method alone', async () => {
    const { traceId, headers } = beginTrace()
    expect((await engine.send('/v1/nothing', { headers })).status).toBe(404)
    const request = await collector.find((span) => span.traceId === traceId)
    expect(request).toMatchObject({ name: 'GET', attributes: { 'stampede.code': 'not_found' } })
    expect(request.attributes).not.toHaveProperty('http.route')
  })

  it('leads from its line in the log to its trace, and fails there as it fails for the client', async () => {
    // Its worker has nothing to take: all tests before have drained what they ordered, or ordered nothing.
    const lame = await startEngine({
      redisDatabase: 15,
      settings: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        // Nothing listens on the port of the TCP multiplexer.
        DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing',
        LOG_LEVEL: 'debug',
      },
    })
    const { traceId, headers } = beginTrace()
    const answer = await lame.send('/v1/me', { headers })
    expect(answer.status).toBe(503)
    const request = await collector.find((span) => span.traceId === traceId)
    expect(request).toMatchObject({
      status: 2,
      attributes: { 'stampede.code': 'unavailable', 'error.type': '503' },
    })
    const [line] = await lame.api.prints(/^.*answered unavailable.*$/m)
    expect(JSON.parse(line)).toMatchObject({
      requestId: answer.headers.get('x-request-id'),
      trace_id: traceId,
      span_id: request.spanId,
    })
  })
})
