import type { Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import type { Config } from '../config.ts'
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
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portTaken({ HOST, PORT }) : error)
    })
  })
}

/** The error of a port that another program listens on. */
export function portTaken({ HOST, PORT }: Pick<Config, 'HOST' | 'PORT'>): Error {
  return new Error(`Port ${PORT} on ${HOST} is in use: stop what uses it, or set PORT to another.`)
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
