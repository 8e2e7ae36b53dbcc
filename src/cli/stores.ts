import { existsSync } from 'node:fs'
import type { MikroORM } from '@mikro-orm/postgresql'
import { type Config, loadConfig } from '../config.ts'
import { openOrm } from '../db/orm.ts'
import { connectRedis, type RedisClient } from '../redis/client.ts'
import { countUsers, openDataFolder, withLock } from '../services/data-folder.ts'
import { resolveServices } from '../services/services.ts'
import { interrupted, openInterruption } from './interruption.ts'

export type OpenStores = { redis: RedisClient; orm: MikroORM }

/**
 * Runs a task on the Redis and the Postgres of this configuration, past the engine: for what has to work while the
 * engine does not. It finds them or starts them, and leaves them as they were, also when it is interrupted.
 *
 * @param options.name of the connection, as Redis shows it.
 */
export async function withStores<Result>(
  options: { name: string; poolMax: number; statementTimeoutMs?: number },
  task: (stores: OpenStores) => Promise<Result>,
): Promise<Result> {
  const { name, ...bounds } = options
  const interruption = openInterruption()
  const services = await resolveServices(loadConfig())
  const redis = connectRedis(services.redisUrl, { name })
  redis.on('error', () => {}) // The command that needed it fails.
  const orm = openOrm(services.databaseUrl, bounds)
  try {
    interruption.throwIfAborted()
    const work = redis.connect().then(() => task({ redis, orm }))
    return await Promise.race([work, interrupted(interruption)])
  } finally {
    redis.disconnect()
    // It would wait for the statement under way, for which nobody waits any more.
    if (!interruption.aborted) await orm.close()
    await services.release()
  }
}

/**
 * Makes sure that an engine runs on these stores.
 *
 * @throws Error where none does: a folder that nobody uses may well be the wrong one.
 */
export async function expectRunning(config: Config): Promise<void> {
  if (await isInUse(config)) return
  const advice = 'npm start first, or set DATA_DIR to the folder of the engine.'
  throw new Error(`Nothing runs on the data folder ${config.DATA_DIR}: ${advice}`)
}

async function isInUse({ REDIS_URL, DATABASE_URL, DATA_DIR }: Config): Promise<boolean> {
  if (REDIS_URL && DATABASE_URL) return true
  if (!existsSync(DATA_DIR)) return false
  const folder = openDataFolder(DATA_DIR)
  return (await withLock(folder, () => countUsers(folder))) > 0
}
