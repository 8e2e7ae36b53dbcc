import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { connectRedis } from '../../src/redis/client.ts'
import { readRecord } from '../../src/services/data-folder.ts'
import { signal } from '../../src/services/processes.ts'
import { openRedisServer } from '../../src/services/redis-server.ts'

/**
 * The embedded Redis of a folder, which a test may fill, cut off and kill because nobody else uses it. It stops with
 * the test.
 *
 * @param lines gets what its start reported.
 */
export async function openPrivateRedis(folder: string, lines: string[] = []) {
  const server = await openRedisServer(folder, (line) => lines.push(line))
  const redis = connectRedis(server.url, { name: 'test' })
  redis.on('error', () => {}) // Every test here makes it fail.
  const stop = async () => {
    redis.disconnect()
    await server.stop()
  }
  onTestFinished(stop)
  await redis.connect()
  return {
    url: server.url,
    redis,
    isAlive: server.isAlive,
    kill: () => signal(readRecord(join(folder, 'redis.json'))?.pid as number, 'SIGKILL'),
    stop,
  }
}
