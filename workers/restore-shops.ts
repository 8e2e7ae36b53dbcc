import type { MikroORM } from '@mikro-orm/postgresql'
import type { Logger } from 'pino'
import { databaseOf } from '../src/db/database.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { keyLayout, shopKey } from '../src/redis/keys.ts'
import { Discontinuity, findPosition } from './continuity.ts'
import { type RebuildStage, rebuildShop } from './rebuild-shop.ts'

/**
 * Opens what brings shops back by itself: it rebuilds a shop that is closed, has lost keys, has those of an earlier
 * version, or is of an earlier time than Postgres. Where Postgres has lost something it only says so, once a minute.
 *
 * @returns a look at one shop. Looks at the same shop share one rebuild, and wait a while after one that failed.
 * @throws the look, where Redis or Postgres does not answer, or the rebuild fails.
 */
export function openRestore(options: {
  redis: RedisClient
  orm: MikroORM
  log: Logger
}): (shop: string) => Promise<void> {
  const { redis, orm, log } = options
  const underWay = new Map<string, Promise<void>>()
  const notBefore = new Map<string, number>()

  async function restore(shop: string): Promise<void> {
    const fault = await findFault({ redis, orm, shop })
    if (!fault || performance.now() < (notBefore.get(shop) ?? 0)) return
    if (fault.lost === 'postgres') {
      notBefore.set(shop, performance.now() + limits.alarmIntervalMs)
      const advice = 'Nothing of it is drained until a person has looked: see docs/OPERATIONS.md'
      log.error({ shop, because: fault.because }, `Postgres has lost events of a shop. ${advice}`)
      return
    }
    // A rebuild that fails is tried again, but not at the pace of the looks.
    notBefore.set(shop, performance.now() + limits.rebuildRetryMs)
    const { because } = fault
    const onStage = (stage: RebuildStage) => {
      if (stage === 'begun') log.warn({ shop, because }, 'A shop is closed and rebuilt')
    }
    const rebuilt = await rebuildShop({ redis, orm, shop, onStage })
    if (!rebuilt) return
    notBefore.delete(shop)
    log.warn(rebuilt, 'A shop is rebuilt and open; what was accepted after `until` is lost')
  }

  return async (shop) => {
    let running = underWay.get(shop)
    if (!running) {
      running = restore(shop).finally(() => underWay.delete(shop))
      underWay.set(shop, running)
    }
    await running
  }
}

/** Why the shop cannot go on as it is, or null. */
export async function findFault(place: {
  redis: RedisClient
  orm: MikroORM
  shop: string
}): Promise<Discontinuity | null> {
  const { redis, orm, shop } = place
  const fields = ['state', 'closedBecause', 'layout'] as const
  const [state, because, layout] = await redis.hmget(shopKey(shop, 'meta'), ...fields)
  const found = await findPosition({ redis, db: databaseOf(orm), shop })
  if (found instanceof Discontinuity) return found
  if (state !== 'open') return new Discontinuity('redis', because ?? 'a rebuild did not end')
  // One of a later version is left alone: a newer worker made it so.
  if (Number(layout ?? 1) >= keyLayout) return null
  return new Discontinuity('redis', `its keys have layout ${layout ?? 1}, not ${keyLayout}`)
}
