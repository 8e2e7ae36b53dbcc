import type { SpanContext } from '@opentelemetry/api'
import { parseTraceParent } from '@opentelemetry/core'

/** Reads which span of another process a W3C `traceparent` names; null where it names none. */
export function readTraceparent(text: string | undefined): SpanContext | null {
  const context = text === undefined ? null : parseTraceParent(text)
  return context && { ...context, isRemote: true }
}

/** The W3C `traceparent` of a span that is recorded. */
export function traceparentOf({ traceId, spanId }: SpanContext): string {
  return `00-${traceId}-${spanId}-01`
}
