import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problemBody } from '../http/problem.ts'
import { fixedHeaders } from '../http/reply.ts'
import { limits } from '../limits.ts'
import { dueOn } from './connections.ts'

/** What is said of a request that never reaches the application. */
type Refusal = {
  status: 400 | 405 | 408 | 413 | 417 | 431 | 500
  code?: 'body_too_large' | 'internal' | 'method_not_allowed'
  detail: string
}

const notHttp: Refusal = { status: 400, detail: 'This is not a request that HTTP allows.' }
const badAddress: Refusal = {
  status: 400,
  detail: 'The address or the header Host is missing or not valid.',
}
const bug: Refusal = { status: 500, code: 'internal', detail: 'Something went wrong here.' }
const noTunnel: Refusal = {
  status: 405,
  code: 'method_not_allowed',
  detail: 'This is no proxy.',
}
const unknownExpectation: Refusal = {
  status: 417,
  detail: 'The header Expect may only say 100-continue.',
}

/** By the code of the parser's error. */
const unreadable: Record<string, Refusal> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The headers are too large.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: 'body_too_large',
    detail: 'The chunks of the body say too much of themselves.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time.' },
}

/** The refusal as the application would word it. */
function answerOf({ status, code, detail }: Refusal) {
  const requestId = randomUUID()
  const problem = problemBody(code ?? 'invalid_request', requestId, { detail })
  // HTTP has a word of its own for some of what is not valid.
  const body = JSON.stringify({ ...problem, status })
  const headers = {
    ...fixedHeaders,
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }
  return { status, headers, body }
}

/** Answers what the parser could not read, and closes the connection. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const due = dueOn(socket)
  if (due?.req.complete) {
    // The fault is in what follows an order that may well be accepted: it gets its own answer, as the last.
    due.shouldKeepAlive = false
    return
  }
  if (due?.headersSent) return void socket.destroy()
  refuseOn(socket, unreadable[error.code ?? ''] ?? notHttp)
}

/** Answers `CONNECT`, which asks a proxy for somebody else. */
export function refuseTunnel(_request: IncomingMessage, socket: Socket): void {
  refuseOn(socket, noTunnel)
}

function refuseOn(socket: Socket, refusal: Refusal): void {
  const { status, headers, body } = answerOf(refusal)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
  socket.destroySoon()
}

/** Answers a request of which no address can be made. What else fails here is a bug. */
export function refuseAddress(error: unknown): Response {
  const isRequest = error instanceof Error && error.name === 'RequestError'
  const { status, headers, body } = answerOf(isRequest ? badAddress : bug)
  return new Response(body, { status, headers })
}

/** Answers a request without the header `Host`, which HTTP/1.1 demands. */
export function refuseHost(response: ServerResponse): void {
  respond(response, badAddress)
}

/** Answers a request that expects what nobody can. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  respond(response, unknownExpectation)
}

function respond(response: ServerResponse, refusal: Refusal): void {
  const { status, headers, body } = answerOf(refusal)
  response.writeHead(status, headers).end(body)
}

/** Tells a client who asks first to send its body, unless it says that it is too large to be read. */
export function invite(request: IncomingMessage, response: ServerResponse): void {
  const length = Number(request.headers['content-length'] ?? 0)
  if (length <= limits.bodyBytesMax) response.writeContinue()
}
