import type { MikroORM } from '@mikro-orm/postgresql'
import { databaseOf } from '../src/db/database.ts'
import { type LapsedUserCoupon, listLapsedUserCoupons } from '../src/db/user-coupons.ts'
import type { Engine } from '../src/engine/engine.ts'
import { expireCoupons } from '../src/engine/expire-coupons.ts'
import { limits } from '../src/limits.ts'

/**
 * Marks the user coupons of these shops whose time has passed. Postgres names them, and Redis decides: what it has on
 * hold, used or marked already it leaves alone, so any number of sweeps may go on at once. What one sweep leaves is for
 * the next.
 */
export async function expireLapsedCoupons(
  stores: { orm: MikroORM; engine: Engine },
  shops: readonly string[],
): Promise<void> {
  for (const shop of shops) await expireInShop(stores, shop)
}

async function expireInShop(
  { orm, engine }: { orm: MikroORM; engine: Engine },
  shop: string,
): Promise<void> {
  const limit = limits.expiredCouponsMax
  let after: LapsedUserCoupon | undefined
  for (let round = 0; round < limits.sweepRoundsMax; round++) {
    const userCoupons = await listLapsedUserCoupons(databaseOf(orm), shop, { limit, after })
    if (userCoupons.length > 0) await expireCoupons(engine, { shop, userCoupons })
    if (userCoupons.length < limit) return
    after = userCoupons.at(-1)
  }
}
