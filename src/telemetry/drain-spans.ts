import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { OutboxEntry } from '../rows/outbox-entry.ts'
import { activeSpan } from './active-span.ts'
import { readTraceparent } from './traceparent.ts'

/** What follows the events of traced requests into Postgres. */
export type EventTraces = {
  /** Commits a batch as a part of the traces that its events carry. */
  follow<Committed>(
    batch: { shop: string; entries: readonly OutboxEntry[] },
    commit: () => Promise<Committed>,
  ): Promise<Committed>
}

/**
 * Opens the spans of the drain, with the names of OpenTelemetry's conventions for messages that come in batches. The
 * span of a batch has links to the requests that are traced; without one there is no span. A request has ended by then,
 * and takes no link any more, so a span of each event in the trace of its request leads to the batch.
 */
export function openDrainSpans(tracer: Tracer): EventTraces {
  return {
    async follow({ shop, entries }, commit) {
      const traced = entries.flatMap((entry) => {
        const request = readTraceparent(entry.traceparent)
        return request ? [{ entry, request }] : []
      })
      if (traced.length === 0) return commit()

      const attributes = {
        'messaging.system': 'redis',
        'messaging.destination.name': 'outbox',
        'messaging.operation.type': 'process',
        'stampede.shop': shop,
      }
      const startTime = Date.now()
      const batch = tracer.startSpan(
        'drain outbox',
        {
          kind: SpanKind.CONSUMER,
          attributes: {
            ...attributes,
            'messaging.operation.name': 'drain',
            'messaging.batch.message_count': entries.length,
          },
          links: traced.map(({ request }) => ({ context: request })),
        },
        ROOT_CONTEXT,
      )
      try {
        const committed = await activeSpan.run(batch, commit)
        for (const { entry, request } of traced) {
          const options = {
            kind: SpanKind.CONSUMER,
            startTime,
            attributes: {
              ...attributes,
              'messaging.operation.name': 'persist',
              'messaging.message.id': entry.streamId,
              'stampede.event': entry.type,
            },
            links: [{ context: batch.spanContext() }],
          }
          const context = trace.setSpanContext(ROOT_CONTEXT, request)
          tracer.startSpan(`persist ${entry.type}`, options, context).end()
        }
        return committed
      } catch (error) {
        batch.setStatus({ code: SpanStatusCode.ERROR })
        batch.setAttribute('error.type', (error as Error).name)
        throw error
      } finally {
        batch.end()
      }
    },
  }
}
