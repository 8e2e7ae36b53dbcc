import { databaseOf } from '../db/database.ts'
import { migrate } from '../db/migrate.ts'
import { openOrm } from '../db/orm.ts'
import { ensureShop, findWatermark } from '../db/shops.ts'
import { openShop } from '../engine/open-shop.ts'
import { connectRedis } from '../redis/client.ts'
import type { Services } from './services.ts'

/** The shop of whoever does not name one. */
export const defaultShop = 'main'

/**
 * Brings Postgres to the newest schema, and opens the default shop where it is new. A shop that Postgres knows is
 * never opened again: if its hot state is gone, it stays closed until it is rebuilt, instead of selling from zero.
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
    const db = databaseOf(orm)
    if (await findWatermark(db, defaultShop)) return
    await redis.connect()
    // In this order: after a crash between the two, the next start finds the shop open and goes on.
    await openShop(redis, { shop: defaultShop })
    await ensureShop(db, defaultShop)
  } finally {
    redis.disconnect()
    await orm.close()
  }
}
