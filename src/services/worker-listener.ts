import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { operatorsOf } from '../http/operator.ts'
import { createWorkerApp } from '../http/worker-app.ts'
import { openQueueMetrics } from '../telemetry/queue-metrics.ts'
import { openMetrics } from '../telemetry/registry.ts'
import { listen } from './http-server.ts'

/**
 * Listens on WORKER_PORT, where there is one: a container asks there whether the process lives, and Prometheus for its
 * metrics.
 *
 * @throws Error that names the port where it is taken.
 */
export async function listenForWorker(
  config: Config,
  { redisUrl, log }: { redisUrl: string; log: Logger },
): Promise<{ close(): Promise<void> }> {
  if (config.WORKER_PORT === undefined) return { close: async () => {} }
  const app = createWorkerApp({ metrics: openMetrics(), operators: operatorsOf(config), log })
  const address = { HOST: config.HOST, PORT: config.WORKER_PORT }
  const server = await listen(app.fetch, address, 'WORKER_PORT')
  const queues = openQueueMetrics(redisUrl)
  log.info({ host: config.HOST, port: config.WORKER_PORT }, 'listening')
  return {
    async close() {
      // Nobody is sold anything here: whoever asks is cut off and asks again.
      server.close()
      server.closeAllConnections()
      await queues.close()
    },
  }
}
