import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { signal } from '../../src/services/processes.ts'
import { jwtSecret, root, startProcess } from '../e2e/engine.ts'
import type { SourceChanges } from './changed-sources.ts'

type Servers = { redisUrl: string; databaseUrl: string }
type Options = { changes?: SourceChanges; settings?: Record<string, string>; preload?: string }

/** Starts a real worker process on these servers, and waits until it works. */
export const startWorker = (servers: Servers, options?: Options) =>
  startReal('workers/main.ts', /"working"/, servers, options)

/** Starts a real API process on these servers, and waits until it listens. */
export const startApi = (servers: Servers, options?: Options) =>
  startReal('src/server.ts', /"listening"/, servers, options)

async function startReal(file: string, isUp: RegExp, servers: Servers, options: Options = {}) {
  const { changes = {}, settings = {}, preload = 'changed-sources.ts' } = options
  const imports = ['--import', join(import.meta.dirname, preload)]
  const started = startProcess([process.execPath, ...imports, join(root, file)], {
    REDIS_URL: servers.redisUrl,
    DATABASE_URL: servers.databaseUrl,
    JWT_SECRET: jwtSecret,
    LOG_LEVEL: 'info',
    SOURCE_CHANGES: JSON.stringify(changes),
    ...settings,
  })
  // One that a test has stopped would not hear that it shall end.
  onTestFinished(() => signal(-started.pid, 'SIGCONT'))
  await started.prints(isUp)
  return {
    ...started,
    /** What it logged as a warning or worse, with what went wrong. */
    complaints: () =>
      started.output.stderr
        .split('\n')
        .filter((line) => /^\{"level":[45]0/.test(line))
        .map(
          (line) => JSON.parse(line) as { level: number; msg: string; err?: { message: string } },
        ),
  }
}
