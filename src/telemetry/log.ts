import { type Logger, pino, stdSerializers } from 'pino'
import type { Config } from '../config.ts'
import { traceFields } from './active-span.ts'

/**
 * The log of one process: JSON lines on standard error, because standard output belongs to what a command
 * answers. Of an error it has what `describeError` leaves. Lines of a traced request lead to its trace.
 *
 * @param name says which process speaks, e.g. `api` or `worker`.
 */
export function openLog(name: string, config: Pick<Config, 'LOG_LEVEL'>): Logger {
  return pino(
    {
      name,
      level: config.LOG_LEVEL,
      mixin: traceFields,
      serializers: { err: describeError },
    },
    // Lines leave at once: a log that is lost at a crash lacks what it was kept for.
    pino.destination({ dest: 2, sync: true }),
  )
}

/**
 * What the log has of an error: what went wrong and where, and never with which data. Errors of the drivers carry that
 * too: those of Redis the arguments of the command, which may be a password, those of Postgres the row in question.
 */
export function describeError(error: Error): Record<string, unknown> {
  const { type, message, stack } = stdSerializers.err(error)
  const { code, table, constraint, errors } = error as Error & Record<string, unknown>
  return {
    ...{ type, message, stack, code, table, constraint },
    ...(Array.isArray(errors) && { errors: errors.map(describeError) }),
  }
}
