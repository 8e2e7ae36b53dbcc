import { randomUUID } from 'node:crypto'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import type { Config } from '../config.ts'
import type { ProblemBody } from '../http/problem.ts'
import { problemCodes } from '../http/problem-codes.ts'
import { limits } from '../limits.ts'

/**
 * Listens on the address of the configuration.
 *
 * @throws Error that names the port where it is taken.
 */
export function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port: PORT, hostname: HOST }, () => resolve(server as Server))
    server.on('clientError', refuseUnreadable)
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portTaken({ HOST, PORT }) : error)
    })
  })
}

/** The error of a port that another program listens on. */
export function portTaken({ HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): Error {
  return new Error(`Port ${PORT} on ${HOST} is in use: stop what uses it, or set PORT to another.`)
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

/** Takes no more connections, and lets the requests under way finish. */
export async function closeServer(server: Server): Promise<void> {
  let isClosed = false
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      isClosed = true
      resolve()
    })
  })
  const deadline = performance.now() + limits.requestDrainMs
  while (!isClosed && performance.now() < deadline) {
    // A kept-alive connection becomes idle with its answer; only then may it be closed.
    server.closeIdleConnections()
    await Promise.race([closed, wait(25)])
  }
  server.closeAllConnections()
  await closed
}
