import { type Cluster, Redis } from 'ioredis'
import { limits } from '../limits.ts'
import { redisScripts } from './scripts.ts'

/** A connection to one Redis or to a Redis Cluster: whoever uses it need not know which. */
export type RedisClient = Redis | Cluster

/**
 * A connection for decisions and reads. It fails fast: while Redis is gone a command is refused at once, and one
 * that was under way is not sent again behind the caller's back, because only the caller knows its idempotency key.
 */
export function connectRedis(url: string, options: { name: string }): Redis {
  return new Redis(url, {
    connectionName: options.name,
    scripts: redisScripts(),
    commandTimeout: limits.redisCommandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A short, steady rhythm: the engine is down until the connection is back.
    retryStrategy: (attempt) => Math.min(50 * attempt, 500),
    connectTimeout: 2_000,
    lazyConnect: true,
  })
}
