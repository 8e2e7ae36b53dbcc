import { AsyncLocalStorage } from 'node:async_hooks'
import type { Span } from '@opentelemetry/api'

/** The span that the running code works for, where that is traced. */
export const activeSpan = new AsyncLocalStorage<Span | undefined>()

/** What leads from a line of the log to its trace, by the names of OpenTelemetry; nothing where there is none. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const context = activeSpan.getStore()?.spanContext()
  return context ? { trace_id: context.traceId, span_id: context.spanId } : {}
}
