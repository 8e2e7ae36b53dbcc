import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { operatorsOf } from '../http/operator.ts'
import { createWorkerApp } from '../http/worker-app.ts'
import { listen } from './http-server.ts'

/**
 * Listens where a container asks whether a worker process lives, and Prometheus for its metrics.
 *
 * @param port the WORKER_PORT.
 * @throws Error that names the port where it is taken.
 */
export async function listenForWorker(
  port: number,
  parts: { config: Config; log: Logger; metrics: () => Promise<string> },
): Promise<{ close(): void }> {
  const { config, log, metrics } = parts
  const app = createWorkerApp({ metrics, operators: operatorsOf(config), log })
  const server = await listen(app.fetch, { HOST: config.HOST, PORT: port }, 'WORKER_PORT')
  log.info({ host: config.HOST, port }, 'listening')
  return {
    close() {
      // Nobody buys anything here: whoever asks is cut off, and asks again.
      server.close()
      server.closeAllConnections()
    },
  }
}
