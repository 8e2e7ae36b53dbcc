import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openLoad } from '../../bench/load/load.ts'
import { encodeRequest, readRequests, writeRequests } from '../../bench/load/requests.ts'
import { openResponseReader } from '../../bench/load/response-reader.ts'
import { temporaryFolder } from '../services/folder.ts'

function readAll(...chunks: string[]): number[] {
  const statuses: number[] = []
  const read = openResponseReader((status) => statuses.push(status))
  for (const chunk of chunks) read(Buffer.from(chunk))
  return statuses
}

it('reads responses however their bytes are cut', () => {
  const first = 'HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello'
  const second = 'HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n'
  expect(readAll(first, second)).toEqual([201, 409])
  for (let cut = 1; cut < first.length; cut++) {
    expect(readAll(first.slice(0, cut), first.slice(cut), second)).toEqual([201, 409])
  }
  expect(readAll(...first)).toEqual([201])
})

it('does not take the body for a head', () => {
  const body = '\r\ncontent-length: 99\r\n\r\n'
  expect(readAll(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)).toEqual([200])
})

it('refuses what it cannot read', () => {
  expect(() => readAll('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')).toThrow('Length')
  expect(() => readAll('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab')).toThrow('More bytes')
})

it('writes requests to a file and reads the same ones', () => {
  const file = join(temporaryFolder(), 'requests')
  const requests = ['/a', '/ö'].map((path) => encodeRequest({ path, body: { path } }))
  writeRequests(file, requests)
  expect(readRequests(file).map(String)).toEqual(requests.map(String))
})

it('sends every request once, in a closed and in an open loop', async () => {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    bodies.push(body)
    const status = body.includes('"refuse"') ? 409 : 201
    response.writeHead(status, { 'content-length': 2 }).end('ok')
  })
  const port = await listening(server)
  const load = openLoad(temporaryFolder())
  onTestFinished(load.close)
  const names = Array.from({ length: 20 }, (_, index) => (index % 4 === 0 ? 'refuse' : `${index}`))
  const requests = names.map((name) => encodeRequest({ path: '/', body: name }))
  for (const rate of [undefined, 2_000]) {
    bodies.length = 0
    const plan = { port, connections: 3, ...(rate && { rate }) }
    const result = await load.run(plan, requests, (send) => send())
    expect(bodies.map((body) => JSON.parse(body)).sort()).toEqual(names.toSorted())
    expect(result.statuses).toEqual({ 201: 15, 409: 5 })
    expect(result.latencyMs.accepted.count).toBe(15)
    expect(result.latencyMs.refused.count).toBe(5)
    expect(result.seconds).toBeGreaterThan(0)
  }
})

it('says so where a connection breaks', async () => {
  const port = await listening(createServer((request) => request.destroy()))
  const load = openLoad(temporaryFolder())
  onTestFinished(load.close)
  const run = load.run({ port, connections: 1 }, [encodeRequest({ path: '/' })], (send) => send())
  await expect(run).rejects.toThrow('The load could not be made')
})

function listening(server: Server): Promise<number> {
  onTestFinished(() => void server.closeAllConnections())
  onTestFinished(() => void server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
