import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { openConnections } from '../../src/services/connections.ts'
import { dial, host } from './wire.ts'

const get = `GET / HTTP/1.1\r\n${host}\r\n`
const slowPost = `POST / HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nab`

/** A server whose connections are looked after, with what it has of each. */
async function serve(answer: RequestListener, max?: number) {
  const connections = openConnections()
  const sockets: Socket[] = []
  const server = createServer((incoming, outgoing) => {
    if (!connections.accept(incoming, outgoing)) return
    if (incoming.method === 'GET') answer(incoming, outgoing)
    else incoming.resume().on('end', () => answer(incoming, outgoing))
  })
  server.on('connection', (socket) => sockets.push(socket))
  connections.watch(server, max)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.closeAllConnections())
  onTestFinished(() => void server.close())
  return { server, sockets }
}

/** A connection that the server knows of. */
async function connected(server: Server, first = ''): Promise<Socket> {
  const accepted = once(server, 'connection')
  const socket = dial(server)
  const [other] = (await accepted) as [Socket]
  if (first === '') return socket
  const before = other.bytesRead
  socket.write(first)
  await vi.waitFor(() => expect(other.bytesRead - before).toBe(first.length))
  return socket
}

/** A connection that has had an answer. */
async function answered(server: Server): Promise<Socket> {
  const socket = await connected(server, get)
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200 OK/)
  return socket
}

describe('connections beyond the bound', () => {
  it('push out who has been idle for longest, and no request under way', async () => {
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>()
    const { server } = await serve(async ({ url }, outgoing) => {
      if (url === '/slow') await decided
      outgoing.end('fine')
    }, 6)
    const oldest = await connected(server)
    const underWay = await connected(server, get.replace('/', '/slow'))
    const silent = await connected(server)
    const idle = await answered(server)
    const slowHeaders = await connected(server, get.slice(0, -2))
    const slowBody = await connected(server, slowPost)
    // It is the oldest, and is used just now.
    oldest.write(get)
    await once(oldest, 'data')
    // Whoever comes is served, and each time the next one goes.
    for (const pushedOut of [silent, idle, slowHeaders, slowBody]) {
      const gone = once(pushedOut.resume(), 'close')
      await answered(server)
      await gone
    }
    expect([oldest, underWay].map(({ readyState }) => readyState)).toEqual(['open', 'open'])
    const answer = text(underWay)
    decide()
    underWay.write(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    expect((await answer).match(/fine/g)).toHaveLength(2)
  })

  it('push out nobody who was answered before where strangers are most of them', async () => {
    const { server } = await serve((_, outgoing) => void outgoing.end('fine'), 10)
    const buyer = await answered(server)
    buyer.write(get)
    await once(buyer, 'data')
    const crowd: Socket[] = []
    for (let number = 0; number < 30; number++) {
      crowd.push((await connected(server, slowPost)).resume())
    }
    await vi.waitFor(() => expect(crowd.filter(({ closed }) => !closed)).toEqual(crowd.slice(-9)))
    expect(buyer.readyState).toBe('open')
  })

  it('push out those who were answered before and are idle where strangers are few', async () => {
    const { server } = await serve((_, outgoing) => void outgoing.end('fine'), 10)
    const idle = []
    for (let number = 0; number < 10; number++) {
      const socket = await answered(server)
      socket.write(get)
      await once(socket, 'data')
      idle.push(socket)
    }
    const gone = idle.slice(0, 5).map((socket) => once(socket.resume(), 'close'))
    const crowd = []
    for (let number = 0; number < 5; number++) crowd.push(await connected(server))
    await Promise.all(gone)
    expect(crowd.map(({ readyState }) => readyState)).toEqual(Array(5).fill('open'))
  })

  it('are closed themselves where all others are under way', async () => {
    const { server } = await serve(() => {}, 2)
    const busy = [await connected(server, get), await connected(server, get)]
    const newest = await connected(server)
    await once(newest.resume(), 'close')
    expect(busy.map(({ readyState }) => readyState)).toEqual(['open', 'open'])
  })
})

describe('requests that are sent ahead', () => {
  it('are answered in their order', async () => {
    const { server } = await serve(({ url }, outgoing) => void outgoing.end(`<${url}>`))
    const urls = Array.from(
      { length: limits.pipelinedRequestsMax + 1 },
      (_, number) => `/${number}`,
    )
    const socket = dial(server)
    const requests = urls.map((url) => `GET ${url} HTTP/1.1\r\n${host}\r\n`).join('')
    socket.write(requests.replace(/\r\n\r\n$/, '\r\nConnection: close\r\n\r\n'))
    expect((await text(socket)).match(/(?<=<)[^>]+/g)).toEqual(urls)
  })

  it('are a few at a time: of thousands only those are begun', async () => {
    let begun = 0
    const { server } = await serve(() => void begun++)
    const socket = dial(server)
    socket.write(get.repeat(1_000))
    await once(socket.resume(), 'close')
    expect(begun).toBe(limits.pipelinedRequestsMax + 1)
  })

  it('may be any number in the end, a few at a time', async () => {
    const { server } = await serve((_, outgoing) => void outgoing.end('fine'))
    const socket = await answered(server)
    let received = ''
    socket.on('data', (part) => {
      received += part
    })
    for (let round = 1; round <= 4; round++) {
      socket.write(get.repeat(limits.pipelinedRequestsMax))
      const count = () => received.match(/200 OK/g)?.length
      await vi.waitFor(() => expect(count()).toBe(round * limits.pipelinedRequestsMax))
    }
  })
})

describe('answers that are not taken', () => {
  // More than a system keeps for a client who reads nothing.
  const large = Buffer.alloc(16_000_000)

  /** A client who asks and does not read, with the server's end of his connection. */
  async function openSlowReader(server: Server): Promise<{ reader: Socket; other: Socket }> {
    const accepted = once(server, 'connection')
    const reader = dial(server).pause()
    reader.write(get)
    const [other] = (await accepted) as [Socket]
    await vi.waitFor(() => expect(other.writableLength).toBeGreaterThan(0))
    return { reader, other }
  }

  function stopClock(): void {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
  }

  it('are given up after their time, whoever reads a byte now and then', async () => {
    stopClock()
    const { server } = await serve((_, outgoing) => void outgoing.end(large))
    const { reader, other } = await openSlowReader(server)
    vi.advanceTimersByTime(limits.answerTakenMs / 2)
    reader.read(1)
    vi.advanceTimersByTime(limits.answerTakenMs / 2)
    expect(other.destroyed).toBe(false)
    vi.advanceTimersByTime(limits.owedLookMs)
    expect(other.destroyed).toBe(true)
    expect((await text(reader).catch(() => '')).length).toBeLessThan(large.length)
  })

  it('are not given up while their parts are taken one after the other', async () => {
    stopClock()
    const { server } = await serve((_, outgoing) => {
      // As a list of codes that is made as it is taken.
      const part = Buffer.alloc(1_000_000)
      const more = () => void (outgoing.write(part) ? setImmediate(more) : null)
      outgoing.on('drain', more)
      more()
    })
    const { reader, other } = await openSlowReader(server)
    for (let part = 0; part < 4; part++) {
      vi.advanceTimersByTime(limits.answerTakenMs * 0.75)
      const before = other.bytesWritten
      reader.resume()
      await vi.waitFor(() => expect(other.bytesWritten).toBeGreaterThan(before + 2_000_000))
      reader.pause()
      await vi.waitFor(() => expect(other.writableLength).toBeGreaterThan(0))
    }
    expect(other.destroyed).toBe(false)
  })

  it('take a bounded part of the memory: those who owe for longest go first', async () => {
    stopClock()
    const { server, sockets } = await serve((_, outgoing) => void outgoing.end(large))
    const readers = Math.ceil(limits.owedBytesMax / large.length) + 4
    for (let number = 0; number < readers; number++) {
      await openSlowReader(server)
      vi.advanceTimersByTime(limits.owedLookMs)
    }
    const owed = sockets.filter(({ destroyed }) => !destroyed)
    const owedBytes = owed.reduce((sum, { writableLength }) => sum + writableLength, 0)
    expect(owedBytes).toBeLessThanOrEqual(limits.owedBytesMax)
    expect(owedBytes).toBeGreaterThan(limits.owedBytesMax - 2 * large.length)
    expect(owed).toEqual(sockets.slice(-owed.length))
  })
})
