import { randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Config } from '../config.ts'
import type { Fetch } from '../http/environment.ts'
import type { ProblemBody } from '../http/problem.ts'
import { problemCodes } from '../http/problem-codes.ts'
import { fixedHeaders } from '../http/reply.ts'
import { limits } from '../limits.ts'
import { until } from './processes.ts'

/**
 * Listens on the address of the configuration.
 *
 * @param variable that the port comes from.
 * @throws Error that names the port where it is taken.
 */
export function listen(
  fetch: Fetch,
  { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>,
  variable: 'PORT' | 'WORKER_PORT' = 'PORT',
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const serverOptions = {
      keepAliveTimeout: limits.keepAliveMs,
      keepAliveTimeoutBuffer: limits.keepAliveGraceMs,
      headersTimeout: limits.requestArrivalMs,
      requestTimeout: limits.requestArrivalMs,
      connectionsCheckingInterval: limits.requestArrivalMs / 2,
      maxHeaderSize: limits.headerBytesMax,
      // Node would answer without a body and without our headers.
      requireHostHeader: false,
    }
    const answer = getRequestListener(fetch, { hostname: HOST, errorHandler: refuseAddress })
    const server = createServer(serverOptions, (request, response) => {
      if (lacksHost(request)) refuse(response, noAddress)
      else void answer(request, response)
    })
    server.maxConnections = limits.connectionsMax
    server.on('clientError', refuseUnreadable)
    server.on('checkExpectation', (_request, response) => refuse(response, noSuchExpectation))
    server.listen(PORT, HOST, () => resolve(server))
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portTaken({ HOST, PORT }, variable) : error)
    })
  })
}

/** The error of a port that another program listens on. */
export function portTaken({ HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>, variable = 'PORT'): Error {
  return new Error(
    `Port ${PORT} on ${HOST} is in use: stop what uses it, or set ${variable} to another.`,
  )
}

/** Why a request never reaches the application. */
type Fault = { status: number; detail: string }

/** The refusals of the HTTP parser that have a status of their own. */
const unreadable: Record<string, Fault> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The headers are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time.' },
}
const notHttp: Fault = { status: 400, detail: 'This is not a request that HTTP allows.' }
const noAddress: Fault = { status: 400, detail: 'The request has no valid address and Host.' }
const noSuchExpectation: Fault = { status: 417, detail: 'The only expectation is 100-continue.' }

/** What the application would answer: the same body and headers. */
function refusalOf({ status, detail }: Fault) {
  const requestId = randomUUID()
  const body = JSON.stringify({
    detail,
    type: 'urn:stampede:problem:invalid_request',
    title: problemCodes.invalid_request.title,
    status,
    code: 'invalid_request',
    requestId,
  } satisfies ProblemBody)
  const headers = {
    ...fixedHeaders,
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
  return { status, headers, body }
}

/** HTTP/1.1 demands a Host; some health checks speak HTTP/1.0. */
function lacksHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion === '1.1'
}

function refuse(response: ServerResponse, fault: Fault): void {
  const { status, headers, body } = refusalOf(fault)
  response.writeHead(status, headers).end(body)
}

/** Answers a request whose address or Host names nothing; the application answers whatever else goes wrong. */
function refuseAddress(error: unknown): Response {
  if (!(error instanceof RequestError))
    return new Response(null, { status: 500, headers: fixedHeaders })
  const { status, headers, body } = refusalOf(noAddress)
  return new Response(body, { status, headers })
}

/** Answers what is no request, and closes the connection. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  // Node has no public name for the answer that is due next on a connection.
  const { _httpMessage: due } = socket as Socket & { _httpMessage?: ServerResponse | null }
  if (due?.req.complete) {
    // The fault is in what follows an order that may well be accepted: it gets its own answer, as the last.
    due.shouldKeepAlive = false
    return
  }
  if (due?.headersSent) return void socket.destroy()
  const { status, headers, body } = refusalOf(unreadable[error.code ?? ''] ?? notHttp)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
  socket.destroySoon()
}

/**
 * Takes no more connections, lets the requests under way finish, and the clients leave without noticing. A connection
 * that is closed at once may just be carrying the next request. So every answer says from now on that it is the last
 * of its connection, and one that nobody uses is closed only when its client was told to expect that.
 */
export async function closeServer(server: Server): Promise<void> {
  const stoppedAt = performance.now()
  const leftMs = (fromStopMs: number) => stoppedAt + fromStopMs - performance.now()
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false
  })
  let isClosed = false
  // The server's own `close` would close the unused connections too.
  NetServer.prototype.close.call(server, () => {
    isClosed = true
  })
  await until(() => isClosed, leftMs(limits.keepAliveMs))
  await until(() => {
    // A kept-alive connection becomes idle with its answer; only then may it be closed.
    server.closeIdleConnections()
    return isClosed
  }, leftMs(limits.requestDrainMs))
  server.closeAllConnections()
  await until(() => isClosed, Number.POSITIVE_INFINITY)
}
