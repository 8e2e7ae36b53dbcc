import type { Database } from '../db/database.ts'
import { ensureShop, findWatermark, listWatermarks } from '../db/shops.ts'
import { openShop } from '../engine/open-shop.ts'
import type { RedisClient } from '../redis/client.ts'
import { clockOf } from '../redis/clock.ts'
import { keyLayout, shopKey, shopKeys } from '../redis/keys.ts'

/** Where the two sides of a shop are. */
export type Stores = { redis: RedisClient; db: Database }

/**
 * Opens a new shop in Redis and makes it known to Postgres. A shop that Postgres knows is never opened again: if its
 * hot state is gone, it stays closed until it is rebuilt, instead of selling from zero.
 *
 * @returns `lost` where keys of its hot state are missing.
 */
export async function createShop(
  { redis, db }: Stores,
  shop: string,
): Promise<'created' | 'exists' | 'lost'> {
  const isKnown = (await findWatermark(db, shop)) !== null
  // In this order: after a crash between the two, the next attempt finds the shop open and goes on.
  if (!isKnown) await openShop(redis, { shop })
  if (!isKnown) await ensureShop(db, shop)
  const { missingKeys } = await readShopState(redis, shop)
  if (missingKeys > 0) return 'lost'
  return isKnown ? 'exists' : 'created'
}

/** What of a shop waits for Postgres: events, and the age of the oldest by the clock of Redis. */
export async function readOutbox(
  redis: RedisClient,
  shop: string,
): Promise<{ events: number; lagMs: number }> {
  const outbox = shopKey(shop, 'outbox')
  const [events, [oldest], nowMs] = await Promise.all([
    redis.xlen(outbox),
    redis.xrange(outbox, '-', '+', 'COUNT', 1),
    clockOf(redis, shop),
  ])
  const lagMs = oldest ? Math.max(0, nowMs - Number.parseInt(oldest[0], 10)) : 0
  return { events, lagMs }
}

/** As the deciding script sees it: a shop that is closed, has another layout or lacks a key refuses every command. */
export async function readShopState(
  redis: RedisClient,
  shop: string,
): Promise<{ isOpen: boolean; missingKeys: number }> {
  // The last is only a prefix.
  const keys = shopKeys(shop).slice(0, -1)
  const [present, [state, layout]] = await Promise.all([
    redis.exists(...keys),
    redis.hmget(shopKey(shop, 'meta'), 'state', 'layout'),
  ])
  const isOpen = state === 'open' && layout === String(keyLayout)
  return { isOpen, missingKeys: keys.length - present }
}

export type ListedShop = { shop: string; state: 'open' | 'closed' | 'lost' }

/** Every shop that Postgres knows, and whether it sells: `lost` where keys of its hot state are missing. */
export async function listShops({ redis, db }: Stores): Promise<ListedShop[]> {
  const shops: ListedShop[] = []
  for (const { shop } of await listWatermarks(db)) {
    const { isOpen, missingKeys } = await readShopState(redis, shop)
    const state = isOpen ? 'open' : 'closed'
    shops.push({ shop, state: missingKeys > 0 ? 'lost' : state })
  }
  return shops
}
