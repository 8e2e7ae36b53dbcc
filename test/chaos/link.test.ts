import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type Link, openLink } from '../../chaos/link.ts'
import { randomOf } from '../../chaos/random.ts'

/** A server that answers every line with the same one, and a link to it. */
async function openEcho() {
  const heard: string[] = []
  const random = randomOf(1, 'link')
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard.push(text)
      socket.write(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const link = await openLink(random.share)
  link.aim((server.address() as { port: number }).port)
  onTestFinished(() => {
    link.close()
    server.close()
  })
  return { link, heard }
}

/** A client of the link: what it received, and how its connection ended. */
async function join(link: Link) {
  const socket: Socket = connect(link.port, '127.0.0.1')
  const client = { socket, received: '', end: '' }
  socket.setEncoding('utf8').on('data', (text: string) => {
    client.received += text
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    client.end = error.code ?? 'error'
  })
  socket.on('close', () => {
    client.end ||= 'closed'
  })
  await once(socket, 'connect')
  onTestFinished(() => void socket.destroy())
  return client
}

it('carries bytes both ways, and resets what it is told to', async () => {
  const { link } = await openEcho()
  const client = await join(link)
  client.socket.write('one')
  await vi.waitFor(() => expect(client.received).toBe('one'))
  link.break({ mode: 'reset' })
  await vi.waitFor(() => expect(client.end).toBe('ECONNRESET'))
  link.mend()
  const other = await join(link)
  other.socket.write('two')
  await vi.waitFor(() => expect(other.received).toBe('two'))
})

it('ends connections and takes no new ones while it is cut', async () => {
  const { link } = await openEcho()
  const client = await join(link)
  client.socket.write('one')
  await vi.waitFor(() => expect(client.received).toBe('one'))
  link.break({ mode: 'cut' })
  await vi.waitFor(() => expect(client.end).not.toBe(''))
  const refused = await join(link)
  await vi.waitFor(() => expect(refused.end).not.toBe(''))
})

it('delays every piece, in order, also when they come faster than they are handed on', async () => {
  const { link } = await openEcho()
  link.break({ mode: 'delay', delayMs: 60, jitterMs: 20 })
  const client = await join(link)
  const sentAt = performance.now()
  const pieces = Array.from({ length: 300 }, (_, number) => `${number} `)
  for (const [number, piece] of pieces.entries()) {
    client.socket.write(piece)
    if (number % 10 === 0) await new Promise(setImmediate)
    if (number === 200) {
      // The loop was busy, and the fault is over: what was late must not be overtaken.
      for (const until = performance.now() + 100; performance.now() < until; );
      link.mend()
    }
  }
  await vi.waitFor(() => expect(client.received).toHaveLength(pieces.join('').length))
  expect(client.received).toBe(pieces.join(''))
  expect(performance.now() - sentAt).toBeGreaterThan(60)
})

it('swallows everything while it is a black hole, and gives it back where it does not reset', async () => {
  const { link, heard } = await openEcho()
  const [client, other] = [await join(link), await join(link)]
  other.socket.write('before')
  await vi.waitFor(() => expect(other.received).toBe('before'))
  link.break({ mode: 'black-hole', endsWithReset: false })
  client.socket.write('late')
  // What was sent after it on a way of its own has come back by now.
  const direct = await openEcho()
  const witness = await join(direct.link)
  witness.socket.write('witness')
  await vi.waitFor(() => expect(witness.received).toBe('witness'))
  expect(heard).toEqual(['before'])
  link.mend()
  await vi.waitFor(() => expect(client.received).toBe('late'))

  link.break({ mode: 'black-hole', endsWithReset: true })
  client.socket.write('never')
  link.mend()
  await vi.waitFor(() => expect(client.end).toBe('ECONNRESET'))
  expect(heard).toEqual(['before', 'late'])
})

it('lets the request through and loses the answer', async () => {
  const { link, heard } = await openEcho()
  const client = await join(link)
  link.break({ mode: 'answer-lost', after: 1 })
  client.socket.write('first')
  await vi.waitFor(() => expect(client.received).toBe('first'))
  client.socket.write('second')
  await vi.waitFor(() => expect(client.end).toBe('ECONNRESET'))
  expect(heard).toEqual(['first', 'second'])
  expect(client.received).toBe('first')
})
