import { type Database, inOneSnapshot, keepIndexOrder } from '../../src/db/database.ts'
import type { RedisClient } from '../../src/redis/client.ts'
import type { LoadedKeyName } from '../../src/redis/keys.ts'
import { loadCoupons, loadUniqueCodes, loadUserCoupons } from './coupons.ts'
import { type LoadedCounts, openHotWriter } from './hot-writer.ts'
import { loadAdjustments, loadCharges, loadRefunds } from './operations.ts'
import { loadOrders } from './orders.ts'
import { loadOptions, loadPastDescriptions, loadProducts } from './products.ts'
import { loadSales } from './sales.ts'
import { loadBalances, loadCarts } from './users.ts'

/**
 * Loads the hot state of a shop from Postgres: every key but `meta` and `outbox`, and the rankings of the days that
 * sold something. Postgres must have every event and the shop must be closed, or it loads the past.
 *
 * @param source.keyOf the key to write into, by its name without the shop, e.g. `options` or `sales:20261121`. It does
 * not exist yet.
 * @param source.epoch of the shop that is loaded: the value of the sentinels.
 * @param source.now the time by the clock of Redis: it decides what is young enough to be hot.
 * @throws what stopped Redis or Postgres. What was written until then is of no use.
 */
export async function loadShop(source: {
  redis: RedisClient
  db: Database
  shop: string
  keyOf: (name: LoadedKeyName) => string
  epoch: number
  now: Date
}): Promise<LoadedCounts> {
  const { redis, db, shop, keyOf, epoch, now } = source
  const hot = openHotWriter({ redis, keyOf })
  hot.openKeys(epoch)
  await hot.send()
  await inOneSnapshot(
    db,
    lanes.map((parts) => async (snapshot) => {
      await keepIndexOrder(snapshot)
      const load = { db: snapshot, shop, hot: openHotWriter({ redis, keyOf }), now }
      for (const loadPart of parts) await loadPart(load)
    }),
  )
  return hot.count()
}

/** Side by side, and in a lane one after the other: what takes long in one takes about as long in the other. */
const lanes = [
  [loadCoupons, loadUniqueCodes, loadUserCoupons],
  [
    loadProducts,
    loadPastDescriptions,
    loadOptions,
    loadBalances,
    loadCarts,
    loadOrders,
    loadCharges,
    loadAdjustments,
    loadRefunds,
    loadSales,
  ],
]
