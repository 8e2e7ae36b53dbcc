import type { RedisClient } from '../redis/client.ts'
import { keyLayout, sentinel, shopKeys } from '../redis/keys.ts'

/**
 * Creates the hot state of a new, empty shop.
 *
 * @returns `exists` where any of its keys is there: a shop that lost a part of its state is not new.
 */
export async function openShop(
  redis: RedisClient,
  command: { shop: string; epoch?: number },
): Promise<'opened' | 'exists'> {
  const keys = shopKeys(command.shop)
  const epoch = String(command.epoch ?? 1)
  const reply = await redis.openShop(keys.length, ...keys, epoch, sentinel, String(keyLayout))
  return reply as 'opened' | 'exists'
}
