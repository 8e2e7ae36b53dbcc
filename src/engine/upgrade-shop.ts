import type { RedisClient } from '../redis/client.ts'
import { keyLayout, sentinel, shopKeys } from '../redis/keys.ts'

/**
 * Gives a shop that an earlier version opened the keys that were added since.
 *
 * @returns `missing` where the shop has no hot state: it is not opened here.
 */
export async function upgradeShop(
  redis: RedisClient,
  command: { shop: string },
): Promise<'missing' | 'current' | 'upgraded'> {
  const keys = shopKeys(command.shop)
  const reply = await redis.upgradeShop(keys.length, ...keys, String(keyLayout), sentinel)
  return reply as 'missing' | 'current' | 'upgraded'
}
