import { Redis, type RedisOptions } from 'ioredis'
import { parseRedisAddress } from '../redis/address.ts'

/**
 * Runs the action with a short-lived connection that fails at once instead of retrying: the servers are looked
 * for and inspected with it, they are not used.
 *
 * @param target the address of one server, or of sentinels and then their primary, or the options of a connection.
 */
export async function withRedis<T>(
  target: string | RedisOptions,
  action: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = open(target)
  // A command that fails because the connection did says only that much; the event knows the reason.
  let reason: Error | undefined
  redis.on('error', (error) => {
    reason = error
  })
  try {
    await redis.connect()
    return await action(redis)
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
  }
}

function open(target: string | RedisOptions): Redis {
  const options: RedisOptions = {
    lazyConnect: true,
    retryStrategy: null,
    sentinelRetryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    sentinelCommandTimeout: 2_000,
  }
  if (typeof target !== 'string') return new Redis({ ...options, ...target })
  const address = parseRedisAddress(target)
  if (address.kind === 'server') return new Redis(address.url, options)
  if (address.kind === 'sentinel') return new Redis({ ...options, ...address.options })
  throw new Error('A Redis Cluster is no one server')
}

/** One `name:value` line of INFO. */
export function infoField(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}
