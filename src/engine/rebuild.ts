import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { clockOf } from '../redis/clock.ts'
import { keyLayout, loadedKey, loadedKeyNames, salesDays, shopKeys } from '../redis/keys.ts'

/**
 * The steps of a rebuild that Redis decides: lua/begin-rebuild.lua, clear-shop.lua, install-shop.lua, reopen-shop.lua.
 * Each names the rebuild by its token, so that one which was taken for dead changes nothing any more.
 */
export type Rebuild = { shop: string; token: string }

/** Says that this rebuild is alive. One that has ended, or was taken for dead, renews nothing. */
export async function renewRebuild(redis: RedisClient, rebuild: Rebuild): Promise<void> {
  await begin(redis, rebuild, '1')
}

/**
 * Closes the shop for this rebuild.
 *
 * @returns the epoch of the hot state, 0 where it is lost; null where another rebuild is alive.
 */
export async function beginRebuild(redis: RedisClient, rebuild: Rebuild): Promise<number | null> {
  const [status, epoch, deadToken] = await begin(redis, rebuild, '0')
  if (status === 'busy') return null
  if (deadToken !== '') await dropLoaded(redis, { shop: rebuild.shop, token: deadToken })
  return epoch
}

async function begin(redis: RedisClient, { shop, token }: Rebuild, isBegun: '0' | '1') {
  const keys = shopKeys(shop)
  const lease = String(limits.rebuildLeaseMs)
  const reply = await redis.beginRebuild(keys.length, ...keys, token, lease, isBegun)
  return reply as [status: string, epoch: number, deadToken: string]
}

/** Drops the hot state that is to be replaced. */
export async function clearShop(
  redis: RedisClient,
  rebuild: Rebuild,
  watermark: string,
): Promise<'cleared' | 'superseded' | 'undrained'> {
  const keys = shopKeys(rebuild.shop)
  const status = await redis.clearShop(keys.length, ...keys, rebuild.token, watermark)
  return status as 'cleared' | 'superseded' | 'undrained'
}

/** Puts the loaded keys in the place of the shop's, which stays closed. */
export async function installShop(
  redis: RedisClient,
  rebuild: Rebuild,
  facts: {
    epoch: number
    createdAtMs: number
    watermark: string
    events: bigint
    /** Epoch and watermark of the last rebuilds, this one included. */
    rebuilds: readonly { epoch: number; watermark: string }[]
    now: Date
  },
): Promise<'installed' | 'superseded' | 'incomplete' | 'undrained'> {
  const { epoch, createdAtMs, watermark, events, rebuilds, now } = facts
  const keys = [
    ...shopKeys(rebuild.shop),
    ...loadedKeyNames.map((name) => loadedKey(rebuild, name)),
  ]
  const status = await redis.installShop(
    keys.length,
    ...keys,
    rebuild.token,
    String(epoch),
    String(keyLayout),
    String(createdAtMs),
    watermark,
    String(events),
    rebuilds.map((one) => `${one.epoch}=${one.watermark} `).join(''),
    loadedKey(rebuild, 'sales:'),
    ...daysThatMayBeThere(now),
  )
  return status as 'installed' | 'superseded' | 'incomplete' | 'undrained'
}

/** Opens the shop after its rebuild. */
export async function reopenShop(
  redis: RedisClient,
  rebuild: Rebuild,
): Promise<'opened' | 'superseded'> {
  const keys = shopKeys(rebuild.shop)
  return (await redis.reopenShop(keys.length, ...keys, rebuild.token)) as 'opened' | 'superseded'
}

/** Drops what a rebuild has loaded and not installed. */
export async function dropLoaded(redis: RedisClient, rebuild: Rebuild): Promise<void> {
  const days = daysThatMayBeThere(new Date(await clockOf(redis, rebuild.shop)))
  const names = [...loadedKeyNames, ...days.map((day) => `sales:${day}` as const)]
  await redis.unlink(...names.map((name) => loadedKey(rebuild, name)))
}

/** Rankings are kept for a month, dropped within another one, and a clock may have been a day ahead. */
function daysThatMayBeThere(now: Date): string[] {
  const tomorrow = new Date(now.getTime() + 86_400_000)
  return salesDays(tomorrow, 2 * limits.rankingDaysMax + 2)
}
