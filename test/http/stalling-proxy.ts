import { connect, createServer, type Socket } from 'node:net'
import { afterAll } from 'vitest'

/**
 * A way to a server that can be made to hang: connections stay, new ones are accepted, and nothing travels any more,
 * as if the server's process were frozen.
 *
 * @returns the server's address by this way.
 */
export async function openStallingProxy(address: string) {
  const target = new URL(address)
  const sockets = new Set<Socket>()
  let isStalled = false

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => to.write(data))
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (isStalled) from.pause()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listening = server.address()
  if (!listening || typeof listening === 'string') throw new Error('the proxy has no port')
  const through = new URL(address)
  through.host = `127.0.0.1:${listening.port}`

  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    address: through.href,
    stall() {
      isStalled = true
      for (const socket of sockets) socket.pause()
    },
    resume() {
      isStalled = false
      for (const socket of sockets) socket.resume()
    },
  }
}
