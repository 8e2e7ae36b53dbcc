import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll } from 'vitest'

/**
 * A gate in front of a server: tests shut it to play an outage, without touching the server that all tests share.
 *
 * @returns the address through the gate.
 */
export async function openGate(address: string) {
  const target = new URL(address)
  const sockets = new Set<Socket>()
  let isOpen = true
  let refused = 0
  let swallowAfter: ((data: Buffer) => boolean) | undefined

  const server: Server = createServer((client) => {
    if (!isOpen) {
      refused++
      client.destroy()
      return
    }
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let isSwallowing = false
    client.on('data', (data) => {
      if (swallowAfter?.(data)) {
        isSwallowing = true
        swallowAfter = undefined
      }
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      if (isSwallowing) client.destroy()
      else client.write(data)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listening = server.address()
  if (!listening || typeof listening === 'string') throw new Error('the gate has no port')
  const through = new URL(address)
  through.host = `127.0.0.1:${listening.port}`

  function shut() {
    isOpen = false
    for (const socket of sockets) socket.destroy()
  }
  afterAll(() => {
    shut()
    server.close()
  })
  return {
    address: through.href,
    shut,
    open() {
      isOpen = true
      refused = 0
    },
    /** Connections refused since it was shut. */
    refused: () => refused,
    /** Lets the next message that matches through, and cuts the connection where the answer should come back. */
    loseAnswerTo(matches: (data: Buffer) => boolean) {
      swallowAfter = matches
    },
  }
}
