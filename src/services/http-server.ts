import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Config } from '../config.ts'
import type { Fetch } from '../http/environment.ts'
import { limits } from '../limits.ts'
import { openConnections } from './connections.ts'
import { until } from './processes.ts'
import {
  invite,
  refuseAddress,
  refuseExpectation,
  refuseHost,
  refuseTunnel,
  refuseUnreadable,
} from './unreadable.ts'

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
  const connections = openConnections()
  // HTTP/1.0, which simple looks at the health still speak, needs no name of the host.
  const options = { hostname: HOST, errorHandler: refuseAddress }
  const answer = getRequestListener(fetch, options)
  // A claim has no body. To look for what is left of it takes a timer and listeners: 5 % of a refusal, in a profile.
  const answerBodiless = getRequestListener(fetch, { ...options, autoCleanupIncoming: false })
  const server = createServer(
    {
      keepAliveTimeout: limits.keepAliveMs,
      keepAliveTimeoutBuffer: limits.keepAliveGraceMs,
      headersTimeout: limits.requestArrivalMs,
      requestTimeout: limits.requestArrivalMs,
      connectionsCheckingInterval: limits.requestArrivalMs / 2,
      maxHeaderSize: limits.headerBytesMax,
      // Node would refuse it without a word.
      requireHostHeader: false,
    },
    (incoming, outgoing) => {
      if (!connections.accept(incoming, outgoing)) return
      const hasHost = incoming.headers.host !== undefined || incoming.httpVersion === '1.0'
      if (!hasHost) refuseHost(outgoing)
      else void (hasBody(incoming) ? answer : answerBodiless)(incoming, outgoing)
    },
  )
  // Their size is bounded. By their number Node would leave some away, and with them what a proxy adds behind.
  server.maxHeadersCount = 0
  connections.watch(server)
  server.on('clientError', refuseUnreadable)
  server.on('connect', refuseTunnel)
  server.on('checkExpectation', refuseExpectation)
  server.on('checkContinue', (incoming, outgoing) => {
    invite(incoming, outgoing)
    server.emit('request', incoming, outgoing)
  })
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portTaken({ HOST, PORT }, variable) : error)
    })
    server.listen(PORT, HOST, limits.connectionsQueuedMax, () => resolve(server))
  })
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0' } = headers
  return length !== '0' || headers['transfer-encoding'] !== undefined
}

/** The error of a port that another program listens on. */
export function portTaken({ HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>, variable = 'PORT'): Error {
  return new Error(
    `Port ${PORT} on ${HOST} is in use: stop what uses it, or set ${variable} to another.`,
  )
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
