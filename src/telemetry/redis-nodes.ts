import { Redis } from 'ioredis'
import type { RedisClient } from '../redis/client.ts'
import { infoField } from '../services/redis-connection.ts'

/** What a Redis says of itself. A number that it does not tell, as some managed ones do not, is NaN. */
export type RedisFigures = {
  node: string
  memoryBytes: number
  /** 0 where it has no bound. */
  memoryMaxBytes: number
  /** Of the thread that decides: one core is all that it can use. */
  cpuSeconds: number
}

/**
 * Asks every Redis that decides. In a cluster each has shops of its own, so one that answers says nothing of another.
 *
 * @returns null in place of those that do not answer.
 */
export function lookAtRedis(redis: RedisClient): Promise<(RedisFigures | null)[]> {
  return Promise.all(
    decidersOf(redis).map(async ({ node, client }) => {
      const info = await client?.info('memory', 'cpu').catch(() => null)
      return info == null ? null : figuresOf(node, info)
    }),
  )
}

/** Of a master that is gone a cluster's client drops the connection, and goes on knowing which slots it serves. */
function decidersOf(redis: RedisClient): { node: string; client: Redis | undefined }[] {
  if (redis instanceof Redis) {
    const { sentinels, name, host, port } = redis.options
    return [{ node: sentinels ? (name ?? '') : `${host}:${port}`, client: redis }]
  }
  const masters = redis.nodes('master')
  const serving = new Set(redis.slots.flatMap((nodes) => nodes[0] ?? []))
  return [...serving].map((node) => ({
    node,
    client: masters.find(({ options: { host, port } }) => `${host}:${port}` === node),
  }))
}

function figuresOf(node: string, info: string): RedisFigures {
  const number = (name: string) => Number(infoField(info, name) ?? Number.NaN)
  return {
    node,
    memoryBytes: number('used_memory'),
    memoryMaxBytes: number('maxmemory'),
    cpuSeconds: number('used_cpu_user_main_thread') + number('used_cpu_sys_main_thread'),
  }
}
