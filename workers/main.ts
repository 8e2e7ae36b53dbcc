import { isSupervised, runProcess } from '../src/services/lifecycle.ts'
import { prepareStores } from '../src/services/prepare.ts'
import { resolveServices } from '../src/services/services.ts'
import { listenForWorker } from '../src/services/worker-listener.ts'
import { openQueueMetrics } from '../src/telemetry/queue-metrics.ts'
import { openMetrics } from '../src/telemetry/registry.ts'
import { openTracing } from '../src/telemetry/tracing.ts'
import { startWorkers } from './start-workers.ts'

/** A worker process: brings accepted decisions to Postgres and keeps the shops tidy. */
await runProcess('worker', async ({ config, log, lifecycle: { open } }) => {
  const { redisUrl, databaseUrl } = await open(
    'services',
    () => resolveServices(config, (line) => log.info(line)),
    (services) => services.release(),
  )
  if (!isSupervised) {
    await prepareStores({ redisUrl, databaseUrl }).catch((err) =>
      log.warn({ err }, 'The stores are not prepared'),
    )
  }
  const tracing = await open(
    'traces',
    () => openTracing('stampede-worker', config, log),
    (opened) => opened?.close(),
  )
  const port = config.WORKER_PORT
  if (port !== undefined) {
    // They are closed behind the workers, so that their stop can be watched.
    await open(
      'queue metrics',
      () => openQueueMetrics(redisUrl),
      (queues) => queues.close(),
    )
    await open(
      'HTTP',
      () => listenForWorker(port, { config, log, metrics: openMetrics() }),
      (listener) => listener.close(),
    )
  }
  await open(
    'workers',
    () => {
      const { ORDER_HOLD_MS: holdMs } = config
      return startWorkers({ redisUrl, databaseUrl, holdMs, log, traces: tracing?.events })
    },
    (workers) => workers.close(),
  )
  log.info('working')
})
