import { limits } from '../limits.ts'
import { openClient, PatientCluster, type RedisClient } from '../redis/client.ts'

/**
 * A connection for BullMQ. Who asks for work fails fast, because a wake-up that waits helps nobody; who does the
 * work waits for Redis to come back, however long it takes.
 *
 * @param redisUrl one of the forms of src/redis/address.ts.
 */
export function connectQueue(redisUrl: string, role: 'producer' | 'worker'): RedisClient {
  const retryStrategy = (attempt: number) => Math.min(50 * attempt, 1_000)
  const connection = openClient(redisUrl, {
    redis: {
      connectionName: `queue-${role}`,
      ...(role === 'producer'
        ? { maxRetriesPerRequest: 0, commandTimeout: limits.redisCommandTimeoutMs }
        : { maxRetriesPerRequest: null }),
      retryStrategy,
      socketTimeout: limits.queueSilenceMs,
    },
    cluster: { clusterRetryStrategy: retryStrategy },
    Cluster: PatientCluster,
  })
  // Whoever waits for an answer hears of the outage; an unheard event would only print a stack.
  connection.on('error', () => {})
  return connection
}
