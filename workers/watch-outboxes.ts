import type { RedisClient } from '../src/redis/client.ts'
import { shopKey } from '../src/redis/keys.ts'

/**
 * Opens the watchdog of the drains. A drained event leaves its stream at once, so an outbox whose oldest event is the
 * same as in the round before does not move: its wake-up was lost, or its drain failed or hangs.
 *
 * @param rescue asks for another drain of the shop.
 * @returns one round over these shops.
 */
export function openWatchdog(
  redis: RedisClient,
  rescue: (shop: string) => Promise<unknown>,
): (shops: readonly string[]) => Promise<void> {
  const oldest = new Map<string, string>()
  return async (shops) => {
    for (const shop of shops) {
      const [first] = await redis.xrange(shopKey(shop, 'outbox'), '-', '+', 'COUNT', 1)
      const id = first?.[0]
      if (id === undefined) oldest.delete(shop)
      else if (oldest.get(shop) === id) await rescue(shop)
      else oldest.set(shop, id)
    }
  }
}
