import { Redis } from 'ioredis'
import { limits } from '../limits.ts'

/**
 * A connection for BullMQ. Who asks for work fails fast, because a wake-up that waits helps nobody; who does the
 * work waits for Redis to come back, however long it takes.
 */
export function connectQueue(redisUrl: string, role: 'producer' | 'worker'): Redis {
  const connection = new Redis(redisUrl, {
    connectionName: `queue-${role}`,
    ...(role === 'producer'
      ? { maxRetriesPerRequest: 0, commandTimeout: limits.redisCommandTimeoutMs }
      : { maxRetriesPerRequest: null }),
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
  })
  // Whoever waits for an answer hears of the outage; an unheard event would only print a stack.
  connection.on('error', () => {})
  return connection
}
