import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fixedHeaders } from '../../src/http/reply.ts'
import { limits } from '../../src/limits.ts'
import { closeServer, listen } from '../../src/services/http-server.ts'

type Answerer = (request: Request) => Response | Promise<Response>

async function serve(answerer: Answerer = () => new Response('fine')): Promise<Server> {
  const server = await listen(answerer, { HOST: '127.0.0.1', PORT: 0 })
  onTestFinished(() => server.closeAllConnections())
  onTestFinished(() => void server.close())
  return server
}

function dial(server: Server): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  // The server may hang up while the rest of a bad request is still on its way.
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  return socket
}

/** Sends this and reads until the server closes the connection. */
function send(server: Server, request: string): Promise<string> {
  const socket = dial(server)
  socket.write(request)
  return text(socket)
}

/** The parts of the last answer in what was read. */
function parse(answers: string) {
  const [head = '', body = ''] = answers.slice(answers.lastIndexOf('HTTP/1.1 ')).split('\r\n\r\n')
  const [status, ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/)))
  return { status, headers, body: JSON.parse(body) }
}

function expectRefusal(answers: string, status: number): void {
  const answer = parse(answers)
  expect(answer.status).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer.headers).toMatchObject({
    ...fixedHeaders,
    'content-type': 'application/problem+json',
    connection: 'close',
    'x-request-id': answer.body.requestId,
  })
  expect(answer.body).toEqual({
    type: 'urn:stampede:problem:invalid_request',
    title: 'The request is not valid',
    status,
    detail: expect.stringMatching(/./),
    code: 'invalid_request',
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
}

const host = 'Host: shop\r\n'

it.each([
  ['a method that is none', `BUY / HTTP/1.1\r\n${host}\r\n`, 400],
  ['no HTTP at all', '\x16\x03\x01\x02\r\n\r\n', 400],
  ['a length that is no number', `POST / HTTP/1.1\r\n${host}Content-Length: ten\r\n\r\n`, 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['a Host that names nothing', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['another scheme', `GET ftp://shop/ HTTP/1.1\r\n${host}\r\n`, 400],
  [
    'another expectation',
    `GET / HTTP/1.1\r\n${host}Expect: cake\r\nConnection: close\r\n\r\n`,
    417,
  ],
  ['headers of 20 kB', `GET / HTTP/1.1\r\n${host}X-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
])('answers %s with a problem', async (_, request, status) => {
  expectRefusal(await send(await serve(), request), status)
})

it('answers a request that does not arrive in time with a problem', async () => {
  const server = await serve()
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = dial(server)
  const [other] = await accepted
  // Node looks for late requests only every half minute.
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  server.emit('clientError', late, other)
  expectRefusal(await text(socket), 408)
})

it('answers a body that breaks off in its middle with a problem', async () => {
  const server = await serve(async (request) => new Response(await request.text()))
  const head = `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`
  expectRefusal(await send(server, `${head}2\r\nab\r\nno chunk\r\n`), 400)
})

it('never gives a request under way the refusal of what follows it', async () => {
  const { promise: decided, resolve: decide } = Promise.withResolvers<void>()
  const server = await serve(async () => {
    await decided
    return new Response('accepted')
  })
  const arrived = once(server, 'request')
  const refused = once(server, 'clientError')
  const answers = send(server, `GET / HTTP/1.1\r\n${host}\r\nno request\r\n\r\n`)
  await Promise.all([arrived, refused])
  decide()
  expect(await answers).toMatch(/^HTTP\/1.1 200 OK\r\n.*accepted$/s)
})

it('writes nothing into an answer that has begun', async () => {
  const server = await serve(() => new Response(new ReadableStream({ pull() {} })))
  const socket = dial(server)
  socket.write(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`)
  const [head] = await once(socket, 'data')
  expect(String(head)).toMatch(/^HTTP\/1.1 200 OK\r\n/)
  socket.write('no chunk\r\n')
  expect(await text(socket).catch(() => '')).not.toContain('HTTP/1.1')
})

describe('a server that stops', () => {
  const get = `GET / HTTP/1.1\r\n${host}\r\n`

  /** A connection that has had its answer and waits for the next request. */
  async function keepAlive(server: Server): Promise<Socket> {
    const socket = dial(server)
    socket.write(get)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/\r\nKeep-Alive: timeout=2\r\n/)
    return socket
  }

  it('answers what comes on an open connection, as the last request of it', async () => {
    const server = await serve()
    const socket = await keepAlive(server)
    const closing = closeServer(server)
    socket.write(get)
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK\r\n.*Connection: close\r\n.*fine$/is)
    const begin = performance.now()
    await closing
    expect(performance.now() - begin, 'a stop without connections').toBeLessThan(1_000)
  })

  it('closes an unused connection no sooner than it has promised', async () => {
    const server = await serve()
    const socket = await keepAlive(server)
    const begin = performance.now()
    await Promise.all([closeServer(server), once(socket.resume(), 'close')])
    expect(performance.now() - begin).toBeGreaterThanOrEqual(limits.keepAliveMs)
  })

  it('takes no new connection', async () => {
    const server = await serve()
    const { port } = server.address() as AddressInfo
    await keepAlive(server)
    const closing = closeServer(server)
    const late = connect(port, '127.0.0.1')
    const [error] = await once(late, 'error')
    expect(error.code).toBe('ECONNREFUSED')
    await closing
  })
})
