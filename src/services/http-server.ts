import { randomUUID } from 'node:crypto'
import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { serve } from '@hono/node-server'
import type { Config } from '../config.ts'
import type { Fetch } from '../http/environment.ts'
import type { ProblemBody } from '../http/problem.ts'
import { problemCodes } from '../http/problem-codes.ts'
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
    }
    const options = { fetch, port: PORT, hostname: HOST, serverOptions }
    const server = serve(options, () => resolve(server as Server)) as Server
    server.maxConnections = limits.connectionsMax
    server.on('clientError', refuseUnreadable)
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

/** The refusals of the HTTP parser that have a status of their own. */
const unreadable: Record<string, { status: string; detail: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    detail: 'The headers are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    detail: 'The request did not arrive in time.',
  },
}
const notHttp = { status: '400 Bad Request', detail: 'This is not a request that HTTP allows.' }

/** Answers a request that never reaches the application as the application would, and closes the connection. */
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
  const { status, detail } = unreadable[error.code ?? ''] ?? notHttp
  const requestId = randomUUID()
  const body = JSON.stringify({
    detail,
    type: 'urn:stampede:problem:invalid_request',
    title: problemCodes.invalid_request.title,
    status: Number.parseInt(status, 10),
    code: 'invalid_request',
    requestId,
  } satisfies ProblemBody)
  socket.write(
    [
      `HTTP/1.1 ${status}`,
      'Content-Type: application/problem+json',
      'Cache-Control: no-store',
      `X-Request-Id: ${requestId}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
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
