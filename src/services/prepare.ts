import { databaseOf } from '../db/database.ts'
import { migrate } from '../db/migrate.ts'
import { openOrm } from '../db/orm.ts'
import { connectRedis } from '../redis/client.ts'
import type { Services } from './services.ts'
import { createShop } from './shops.ts'

/** The shop of whoever does not name one. */
export const defaultShop = 'main'

/**
 * Brings Postgres to the newest schema, and opens the default shop where it is new.
 *
 * @throws Error where Redis or Postgres does not answer.
 */
export async function prepareStores({
  redisUrl,
  databaseUrl,
}: Pick<Services, 'redisUrl' | 'databaseUrl'>): Promise<void> {
  await migrate(databaseUrl)
  const orm = openOrm(databaseUrl, { poolMax: 1 })
  const redis = connectRedis(redisUrl, { name: 'prepare' })
  redis.on('error', () => {}) // The rejected command tells.
  try {
    await redis.connect()
    await createShop({ redis, db: databaseOf(orm) }, defaultShop)
  } finally {
    redis.disconnect()
    await orm.close()
  }
}
