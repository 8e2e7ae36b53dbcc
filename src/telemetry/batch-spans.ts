import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { CommandTraces } from '../engine/command-traces.ts'
import { activeSpan } from './active-span.ts'
import { traceparentOf } from './traceparent.ts'

/**
 * Opens the spans of batches. A batch carries many requests, so its span is a child of none of them: it has a link to
 * each that is traced, and each of these one to it. A batch without a traced request has no span.
 */
export function openBatchSpans(tracer: Tracer): CommandTraces {
  /** Of the request that gave the command, until it is sent. */
  const spans = new WeakMap<readonly string[], Span>()

  return {
    note(command) {
      const span = activeSpan.getStore()
      if (span) spans.set(command, span)
    },
    async follow({ shop, commands }, send) {
      const traced = commands.flatMap((command, index) => {
        const span = spans.get(command)
        spans.delete(command)
        return span ? [{ number: index + 1, span, context: span.spanContext() }] : []
      })
      // Batches go on one behind the other, within the request that began the first of them: it is not theirs.
      if (traced.length === 0) return activeSpan.run(undefined, send, '')

      const batch = tracer.startSpan(
        'EVALSHA decide',
        {
          kind: SpanKind.CLIENT,
          attributes: {
            'db.system.name': 'redis',
            'db.operation.name': 'EVALSHA',
            'db.stored_procedure.name': 'decide',
            'stampede.shop': shop,
            'stampede.batch.commands': commands.length,
          },
          links: traced.map(({ context }) => ({ context })),
        },
        ROOT_CONTEXT,
      )
      for (const { span } of traced) span.addLink({ context: batch.spanContext() })
      const traces = traced.map(({ number, context }) => `${number}=${traceparentOf(context)}`)
      try {
        return await activeSpan.run(batch, send, traces.join(' '))
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
