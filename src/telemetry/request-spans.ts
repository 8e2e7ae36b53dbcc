import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { DescribeAnswer, Fetch } from '../http/environment.ts'
import { activeSpan } from './active-span.ts'
import { readTraceparent } from './traceparent.ts'

/** Makes what answers requests answer each of them in a span of its own. */
export type TraceRequests = (fetch: Fetch) => Fetch

/**
 * Opens the spans of requests, with the names of OpenTelemetry's conventions for HTTP servers. A request that brings a
 * W3C `traceparent` goes on with that trace. Pages, health checks and metrics are not traced. The path and the user
 * agent are left out, because paths have ids of users, and traces go to others.
 *
 * @param tracer decides which requests are; one that is not goes on as if nothing was traced.
 */
export function openRequestSpans(tracer: Tracer): TraceRequests {
  return (fetch) => (request, env) => {
    const { method = '', url = '', headers } = env.incoming
    if (!url.startsWith('/v1/')) return fetch(request, env)
    const parent = readTraceparent(headers.traceparent as string | undefined)
    const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, context)
    if (!span.isRecording()) return fetch(request, env)

    span.setAttributes({
      'http.request.method': method,
      'url.scheme': 'http',
    })
    const describe: DescribeAnswer = ({ route, code, requestId }) => {
      span.setAttribute('stampede.request_id', requestId)
      if (code !== '') span.setAttribute('stampede.code', code)
      if (route !== 'none') span.updateName(`${method} ${route}`).setAttribute('http.route', route)
    }
    return activeSpan.run(span, async () => {
      try {
        const response = await fetch(request, { ...env, describe })
        const { status } = response
        span.setAttribute('http.response.status_code', status)
        if (status >= 500) {
          span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', String(status))
        }
        return response
      } finally {
        span.end()
      }
    })
  }
}
