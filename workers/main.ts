import { runProcess } from '../src/services/lifecycle.ts'
import { resolveServices } from '../src/services/services.ts'
import { startWorkers } from './start-workers.ts'

/** A worker process: brings accepted decisions to Postgres and keeps the shops tidy. */
await runProcess('worker', async ({ config, log, lifecycle: { open } }) => {
  const { redisUrl, databaseUrl } = await open(
    'services',
    () => resolveServices(config, (line) => log.info(line)),
    (services) => services.release(),
  )
  await open(
    'workers',
    () => startWorkers({ redisUrl, databaseUrl, holdMs: config.ORDER_HOLD_MS, log }),
    (workers) => workers.close(),
  )
  log.info('working')
})
