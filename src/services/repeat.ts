import { setTimeout as wait } from 'node:timers/promises'

/**
 * Runs a task now and again after every interval, never twice at once. Its timer is of this process and counts by a
 * clock that no step moves, so it goes on whatever becomes of Redis, of Postgres and of the time of day.
 *
 * @param task never throws.
 * @returns `close`, which resolves when a run that is under way has ended.
 */
export function repeat(task: () => Promise<void>, intervalMs: number): { close(): Promise<void> } {
  const stop = new AbortController()
  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await task()
      await wait(intervalMs, undefined, { signal: stop.signal }).catch(() => {})
    }
  }
  const running = run()
  return {
    async close() {
      stop.abort()
      await running
    },
  }
}
