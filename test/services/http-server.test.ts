import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { closeServer } from '../../src/services/http-server.ts'
import { dial, host, serve } from './wire.ts'

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
