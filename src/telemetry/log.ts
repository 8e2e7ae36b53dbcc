import { type Logger, pino } from 'pino'
import type { Config } from '../config.ts'
import { traceFields } from './active-span.ts'

/**
 * The log of one process: JSON lines on standard error, because standard output belongs to what a command
 * answers. Secrets that a caller logs by accident are blotted out. Lines of a traced request lead to its trace.
 *
 * @param name says which process speaks, e.g. `api` or `worker`.
 */
export function openLog(name: string, config: Pick<Config, 'LOG_LEVEL'>): Logger {
  return pino(
    {
      name,
      level: config.LOG_LEVEL,
      mixin: traceFields,
      redact: [
        'authorization',
        '*.authorization',
        '*.headers.authorization',
        'headers.authorization',
      ],
    },
    // Lines leave at once: a log that is lost at a crash lacks what it was kept for.
    pino.destination({ dest: 2, sync: true }),
  )
}
