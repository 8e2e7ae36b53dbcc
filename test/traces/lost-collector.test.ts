import { expect, it, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { decodeEntry } from '../../src/rows/outbox-entry.ts'
import { openClient } from '../http/client.ts'
import { openCollector } from './collector.ts'
import { beginTrace } from './engine.ts'
import { traceClient } from './traced-client.ts'

const client = await openClient()

/** A full batch of the drain, each of whose events is of a traced request. */
const entries = Array.from({ length: limits.drainEventsMax }, (_, number) =>
  decodeEntry({
    streamId: `1-${number}`,
    type: 'coupon_claimed',
    version: '1',
    data: '{}',
    traceparent: beginTrace().headers.traceparent,
  }),
)

it('a collector that hangs, dies and comes back costs spans, and no answer', async () => {
  const collector = await openCollector()
  collector.hang()
  const traced = await traceClient(client, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
  const coupon = await client.coupon({ totalQuantity: 1_000_000 })
  let users = 0
  const claimOften = async (count: number) => {
    for (let left = count; left > 0; left--) {
      expect(await traced.claim(coupon, `user-${++users}`)).toBe(201)
    }
  }

  // What waits and what is under way are bounded alike.
  const heldMax = 2 * limits.spansQueuedMax
  for (let sent = 0; sent < 2 * heldMax; sent += entries.length) {
    await traced.events.follow({ shop: client.shop, entries }, async () => {})
    await claimOften(10)
  }
  expect(collector.unanswered.size).toBeGreaterThan(0)
  expect(collector.unanswered.size * limits.spansSentMax).toBeLessThanOrEqual(limits.spansQueuedMax)
  await collector.die()
  await claimOften(10)

  const next = await openCollector({ port: collector.port })
  const { traceId, headers } = beginTrace()
  await vi.waitUntil(
    async () => {
      expect(await traced.claim(coupon, 'ann', headers)).toBeLessThan(300)
      return next.spans.some((span) => span.traceId === traceId)
    },
    { timeout: 30_000, interval: 100 },
  )
  // Those that came while the queue was full are lost, and the log says so.
  expect(next.spans.length).toBeLessThan(1.5 * heldMax)
  expect(traced.lines.map(({ msg }) => msg)).toContain(
    'Traces are lost on their way to the collector',
  )
})

it('a collector that hangs holds up no stop', async () => {
  const collector = await openCollector()
  collector.hang()
  const traced = await traceClient(client, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint })
  expect(await traced.claim(await client.coupon(), 'ann')).toBe(201)
  await traced.close()
  expect(collector.unanswered.size).toBe(1)
})
