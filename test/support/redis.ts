import { afterAll, inject } from 'vitest'
import { newId } from '../../src/domain/ids.ts'
import { connectRedis, type RedisClient } from '../../src/redis/client.ts'

/** The address of the Redis of this run. All tests share it; what keeps them apart is the shop. */
export function redisUrl(): string {
  return inject('redisUrl')
}

/** A connection that is closed after the tests of the file. Call it at the top of a file or of a `describe`. */
export async function connect(): Promise<RedisClient> {
  const redis = connectRedis(redisUrl(), { name: 'test' })
  afterAll(() => redis.disconnect())
  await redis.connect()
  return redis
}

/** The name of a shop that no other test uses. */
export function uniqueShop(): string {
  return `test-${newId()}`
}
