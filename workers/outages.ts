import type { Logger } from 'pino'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'

/** Logs the beginning and the end of an outage, and nothing in between, however often a retry fails. */
export type Outages = {
  began(what: string, error: unknown): void
  ended(what: string): void
}

/** @param what names what fails and what that means, e.g. `the drain of shop main`; the same text ends it. */
export function openOutages(log: Logger): Outages {
  const since = new Map<string, number>()
  return {
    began(what, error) {
      if (since.has(what)) return
      since.set(what, performance.now())
      log.error({ err: error }, `${what} fails; it is tried again until it works`)
    },
    ended(what) {
      const start = since.get(what)
      if (start === undefined) return
      since.delete(what)
      log.info(`${what} works again after ${Math.round((performance.now() - start) / 1_000)} s`)
    },
  }
}

/**
 * The listener for errors of a queue. It is quiet while Redis is away: the process says that once, and not once per
 * queue and attempt. Where Redis refuses, as when its memory is full, a queue tries again at once and without end.
 */
export function queueFails(log: Logger, connection: RedisClient): (error: Error) => void {
  let quietUntil = 0
  return (error) => {
    if (connection.status !== 'ready' || performance.now() < quietUntil) return
    quietUntil = performance.now() + limits.queueFailsQuietMs
    log.warn({ err: error }, 'a queue fails')
  }
}
