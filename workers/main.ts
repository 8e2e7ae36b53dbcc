import { isSupervised, runProcess } from '../src/services/lifecycle.ts'
import { prepareStores } from '../src/services/prepare.ts'
import { resolveServices } from '../src/services/services.ts'
import { listenForWorker } from '../src/services/worker-listener.ts'
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
  // It is closed behind the workers, so that their stop can be watched.
  await open(
    'metrics',
    () => listenForWorker(config, { redisUrl, log }),
    (listener) => listener.close(),
  )
  await open(
    'workers',
    () => startWorkers({ redisUrl, databaseUrl, holdMs: config.ORDER_HOLD_MS, log }),
    (workers) => workers.close(),
  )
  log.info('working')
})
