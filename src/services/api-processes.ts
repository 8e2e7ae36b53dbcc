import cluster from 'node:cluster'
import type { Logger } from 'pino'
import { type Lifecycle, supervisedFlag } from './lifecycle.ts'
import { supervise } from './supervisor.ts'

/** Runs `count` copies of this process on one port, and starts those again that end. */
export async function runApiProcesses(
  count: number,
  log: Logger,
  lifecycle: Lifecycle,
): Promise<void> {
  cluster.setupPrimary({ args: [supervisedFlag] })
  await lifecycle.open(
    'API processes',
    () =>
      Array.from({ length: count }, (_, index) =>
        supervise(
          `API process ${index + 1}`,
          log,
          () => cluster.fork().process,
          lifecycle.isStopping,
        ),
      ),
    (processes) => Promise.all(processes.map((one) => one.stop())),
  )
}
