import { once } from 'node:events'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { problemCodes } from '../../src/http/problem-codes.ts'
import { fixedHeaders } from '../../src/http/reply.ts'
import { limits } from '../../src/limits.ts'
import { dial, host, send, serve } from './wire.ts'

const chunked = 'Transfer-Encoding: chunked\r\n'

/** The parts of the last answer in what was read. */
function parse(answers: string) {
  const [head = '', body = ''] = answers.slice(answers.lastIndexOf('HTTP/1.1 ')).split('\r\n\r\n')
  const [status, ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/)))
  return { status, headers, body: JSON.parse(body) }
}

function expectRefusal(answers: string, status: number, code = 'invalid_request'): void {
  const answer = parse(answers)
  expect(answer.status).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer.headers).toMatchObject({
    ...fixedHeaders,
    'content-type': 'application/problem+json',
    connection: 'close',
    'x-request-id': answer.body.requestId,
  })
  expect(answer.body).toEqual({
    type: `urn:stampede:problem:${code}`,
    title: problemCodes[code as keyof typeof problemCodes].title,
    status,
    detail: expect.stringMatching(/./),
    code,
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
}

it.each([
  ['a method that is none', `BUY / HTTP/1.1\r\n${host}\r\n`, 400],
  ['no HTTP at all', '\x16\x03\x01\x02\r\n\r\n', 400],
  ['a length that is no number', `POST / HTTP/1.1\r\n${host}Content-Length: ten\r\n\r\n`, 400],
  ['headers of 20 kB', `GET / HTTP/1.1\r\n${host}X-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['an address of 20 kB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
  ['no address', `OPTIONS * HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, 400],
  [
    'two lengths',
    `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}`,
    400,
  ],
  ['a length beside chunks', `POST / HTTP/1.1\r\n${host}${chunked}Content-Length: 3\r\n\r\n`, 400],
  ['a line break in a header', `GET / HTTP/1.1\r\n${host}X-A: a\r\n b\r\n\r\n`, 400],
  ['an unknown expectation', `POST / HTTP/1.1\r\n${host}Expect: gold\r\n\r\n`, 417],
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

it('answers chunks that say too much of themselves with a problem', async () => {
  const server = await serve(async (request) => new Response(await request.text()))
  const request = `POST / HTTP/1.1\r\n${host}${chunked}\r\n2;${'a'.repeat(40_000)}\r\n{}\r\n`
  expectRefusal(await send(server, request), 413, 'body_too_large')
})

it('is no proxy', async () => {
  const answer = await send(await serve(), `CONNECT shop:80 HTTP/1.1\r\n${host}\r\n`)
  expectRefusal(answer, 405, 'method_not_allowed')
})

it('answers HTTP/1.0 without a Host, which simple looks at the health speak', async () => {
  expect(await send(await serve(), 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 OK\r\n/)
})

it('asks for a body that may come, and for none that would be too large', async () => {
  const server = await serve(async (request) => new Response(await request.text()))
  const ask = (bytes: number) =>
    `POST / HTTP/1.1\r\n${host}Connection: close\r\nExpect: 100-continue\r\nContent-Length: ${bytes}\r\n\r\n`
  const invited = dial(server)
  invited.write(ask(2))
  expect(String((await once(invited, 'data'))[0])).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  invited.write('{}')
  expect(await text(invited)).toMatch(/^HTTP\/1.1 200 OK\r\n.*\{\}$/s)

  const uninvited = dial(server)
  uninvited.write(ask(limits.bodyBytesMax + 1))
  const [request] = await once(server, 'request')
  expect(request.headers.expect).toBe('100-continue')
  uninvited.end()
  expect(await text(uninvited)).not.toContain('100 Continue')
})

it('leaves no header away, however many are before it', async () => {
  const server = await serve((request) => new Response(request.headers.get('x-forwarded-for')))
  const headers = `${'a:b\r\n'.repeat(2_500)}X-Forwarded-For: 8.8.8.8\r\nConnection: close\r\n`
  expect(await send(server, `GET / HTTP/1.1\r\n${host}${headers}\r\n`)).toMatch(/\r\n8\.8\.8\.8$/)
})
