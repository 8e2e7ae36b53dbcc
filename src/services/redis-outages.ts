import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisClient } from '../redis/client.ts'

/**
 * Logs an outage of Redis once when it begins and once when it ends, however often the client tries again; of a
 * cluster also that of a single node.
 */
export function logRedisOutages(
  redis: RedisClient,
  log: Pick<Logger, 'info' | 'warn'>,
  isStopping: () => boolean,
): void {
  let isGone = false
  redis.on('error', () => {}) // Whoever waits for an answer gets the reason.
  redis.on('close', () => {
    if (!isGone && !isStopping()) log.warn('Redis is gone')
    isGone = true
  })
  redis.on('ready', () => {
    if (isGone) log.info('Redis is back')
    isGone = false
  })

  const goneNodes = new Set<string>()
  redis.on('+node', (node: Redis) => {
    const { host, port } = node.options
    const name = `The Redis node ${host}:${port}`
    node.once('ready', () => {
      if (goneNodes.delete(name)) log.info(`${name} is back`)
      node.once('end', () => {
        if (!isStopping()) log.warn(`${name} is gone`)
        goneNodes.add(name)
      })
    })
  })
}
