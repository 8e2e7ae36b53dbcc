import { existsSync } from 'node:fs'
import type { MikroORM } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import { type Config, loadConfig } from '../config.ts'
import { databaseOf } from '../db/database.ts'
import { openOrm } from '../db/orm.ts'
import { connectRedis, type RedisClient } from '../redis/client.ts'
import { countUsers, openDataFolder, withLock } from '../services/data-folder.ts'
import { reasonOf } from '../services/reason.ts'
import { resolveServices, type Services } from '../services/services.ts'
import { interrupted, openInterruption } from './interruption.ts'

export type OpenStores = { redis: RedisClient; orm: MikroORM }

/**
 * Runs a task on the servers of this configuration. It finds them or starts them, and leaves them as they were, also
 * when it is interrupted: then nobody waits for the task any more, and the end of the process ends it.
 */
export async function withServices<Result>(
  task: (services: Services) => Promise<Result>,
): Promise<Result> {
  const interruption = openInterruption()
  const services = await resolveServices(loadConfig())
  try {
    interruption.throwIfAborted()
    return await Promise.race([task(services), interrupted(interruption)])
  } finally {
    await services.release()
  }
}

/**
 * Runs a task on the Redis and the Postgres of this configuration, past the engine: for what has to work while the
 * engine does not.
 *
 * @param options.name of the connection, as Redis shows it.
 * @throws Error that says which of them cannot be used, and why.
 */
export async function withStores<Result>(
  options: { name: string; poolMax: number; statementTimeoutMs?: number },
  task: (stores: OpenStores) => Promise<Result>,
): Promise<Result> {
  const { name, ...bounds } = options
  return withServices(async ({ redisUrl, databaseUrl }) => {
    const redis = connectRedis(redisUrl, { name })
    redis.on('error', () => {}) // The command that needed it fails.
    const orm = openOrm(databaseUrl, bounds)
    try {
      await redis.connect()
      await expectTables(orm)
      return await task({ redis, orm })
    } finally {
      redis.disconnect()
      await orm.close()
    }
  })
}

/** What Postgres says of a table that no migration has made. */
const undefinedTable = '42P01'

async function expectTables(orm: MikroORM): Promise<void> {
  try {
    await sql`select from shops limit 1`.execute(databaseOf(orm))
  } catch (error) {
    const reason =
      (error as { code?: string }).code === undefinedTable
        ? 'Postgres has no tables yet: npm start or npm run migrate first.'
        : `Postgres cannot be used: ${reasonOf(error)}`
    throw new Error(reason, { cause: error })
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
