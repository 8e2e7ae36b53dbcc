import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { onTestFinished, vi } from 'vitest'
import type { AtEnd } from '../e2e/engine.ts'

type Place = { traceId: string; spanId: string }

/** A span as a collector gets it. */
export type Span = Place & {
  parentSpanId: string
  name: string
  kind: number
  /** 2 is an error. */
  status: number
  attributes: Record<string, unknown>
  links: Place[]
  /** Of the process that sent it. */
  service: unknown
}

type Attributes = { key: string; value: Record<string, unknown> }[]
type SentSpan = Omit<Span, 'status' | 'attributes' | 'service' | 'links' | 'parentSpanId'> & {
  parentSpanId?: string
  attributes: Attributes
  links?: Place[]
  status?: { code?: number }
}
type Message = {
  resourceSpans: { resource: { attributes: Attributes }; scopeSpans: { spans: SentSpan[] }[] }[]
}

/** A collector of traces on this machine, which takes OTLP as JSON over HTTP, until the end of the test. */
export async function openCollector({ port = 0, atEnd = onTestFinished as AtEnd } = {}) {
  const spans: Span[] = []
  const unanswered = new Set<ServerResponse>()
  let isHanging = false

  const server = createServer(async (request, response) => {
    if (isHanging) {
      unanswered.add(response)
      return void response.on('close', () => unanswered.delete(response))
    }
    const { resourceSpans } = (await json(request)) as Message
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = readAttributes(resource.attributes)['service.name']
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({ ...readSpan(span), service })
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const die = async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  atEnd(async () => {
    if (server.listening) await die()
  })

  return {
    spans,
    /** Messages that wait for an answer. */
    unanswered,
    port: (server.address() as AddressInfo).port,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Takes messages from now on and answers none. */
    hang() {
      isHanging = true
    },
    /** Ends with all its connections. */
    die,
    /** Resolves with the first span that the condition holds for, when it is there. */
    find: (condition: (span: Span) => boolean) =>
      vi.waitUntil(() => spans.find(condition), { timeout: 30_000, interval: 20 }),
  }
}

export type Collector = Awaited<ReturnType<typeof openCollector>>

/** Whether a span has a link to another one. */
export function leadsTo(from: Span, { traceId, spanId }: Place): boolean {
  return from.links.some((link) => link.traceId === traceId && link.spanId === spanId)
}

function readSpan({ parentSpanId = '', attributes, links = [], status, ...span }: SentSpan) {
  return {
    ...span,
    parentSpanId,
    status: status?.code ?? 0,
    attributes: readAttributes(attributes),
    links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
  }
}

function readAttributes(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
