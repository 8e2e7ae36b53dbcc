import { readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { withRedis } from '../../src/services/redis-connection.ts'
import type { Stage } from '../stage.ts'

const lookMs = 50
/** With `appendfsync everysec` so much of the file may not be on disk yet when the power fails. */
const unsyncedMs = 1_000

/**
 * A Redis with `appendfsync everysec` whose machine loses power. A process that is killed leaves what it wrote to the
 * system, which no harness can take away without a device of its own; so the last second, which that setting leaves to
 * the system, is cut off the append-only file instead.
 */
export function openPowerCut() {
  const sizes: { at: number; file: string; size: number }[] = []

  function look(folder: string): void {
    const place = join(folder, 'redis', 'appendonlydir')
    const name = readdirSync(place).find((file) => file.endsWith('.incr.aof'))
    if (name === undefined) return
    const file = join(place, name)
    sizes.push({ at: performance.now(), file, size: statSync(file).size })
  }
  return {
    async prepare(stage: Stage): Promise<() => void> {
      await withRedis(stage.redis.url(), (redis) => redis.config('SET', 'appendfsync', 'everysec'))
      const timer = setInterval(() => look(stage.folder), lookMs)
      return () => clearInterval(timer)
    },
    beforeRedisStart(folder: string): void {
      const lastSync = performance.now() - unsyncedMs
      const synced = sizes.findLast(({ at }) => at <= lastSync)
      look(folder)
      const now = sizes.at(-1)
      if (synced && now && synced.file === now.file) truncateSync(synced.file, synced.size)
    },
  }
}
