import type { MikroORM } from '@mikro-orm/postgresql'
import { listCoupons } from '../db/coupons.ts'
import { databaseOf } from '../db/database.ts'
import { countDeadLetters } from '../db/shops.ts'
import {
  type HotCoupon,
  type HotProduct,
  listProducts,
  popularProducts,
  readCoupons,
  readProduct,
} from '../engine/reads.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { readOutbox, readShopState } from '../services/shops.ts'
import type { Outcomes } from './pulse.ts'

/** What was decided in a shop in one second. */
export type Second = {
  /** When it began, in ms since 1970. */
  atMs: number
  outcomes: Outcomes
  /** What waited for Postgres when it was told of; not there where the shop could not be read. */
  backlog?: number
  lagMs?: number
}

/** A shop as people who watch it see it now. */
export type Moment = {
  /** The seconds that nobody was told of yet: mostly one. */
  seconds: Second[]
  /** API processes that told what they decided in them. */
  processes: number
  /** Null where it cannot be told, and `fault` says why. */
  state: ShopState | null
  fault?: Fault
}

/** Redis lacks keys of the shop, or does not answer. */
export type Fault = 'lost' | 'unavailable'

export type ShopState = {
  isOpen: boolean
  /** Events that wait for Postgres, and the age of the oldest. */
  backlog: number
  lagMs: number
  /** Whether Postgres answers; without it what only Postgres knows is as it was before. */
  hasPostgres: boolean
  /** Accepted events that Postgres refused, those that were dropped among them. */
  deadLetters: number
  products: HotProduct[]
  coupons: HotCoupon[]
  /** By paid units of today (UTC). */
  popular: { rank: number; productId: string; name: string; salesCount: number }[]
  /** Of which of them there are more than these. */
  hasMore: { products: boolean; coupons: boolean; popular: boolean }
}

/** Reads the state of a shop as often as it is asked. */
export type ReadState = () => Promise<ShopState>

/**
 * Opens the view of one shop: its newest products and coupons, and of the older ones those that sell best.
 *
 * @returns what throws where Redis does not answer or the shop has lost its hot state.
 */
export function openShopView(
  stores: { redis: RedisClient; orm: MikroORM },
  shop: string,
): ReadState {
  const { redis, orm } = stores
  let stored: { couponIds: string[]; hasMore: boolean; deadLetters: number } | null = null
  let hasPostgres = false
  let looking: Promise<void> | null = null

  async function lookIntoPostgres(): Promise<void> {
    const answers = await Promise.all([
      listCoupons(orm.em.fork(), shop, { limit: limits.liveCouponsMax }),
      countDeadLetters(databaseOf(orm)),
    ]).catch(() => null)
    hasPostgres = answers !== null
    const [page, letters] = answers ?? []
    if (page && letters && page !== 'bad_cursor') {
      const couponIds = page.items.map(({ id }) => id)
      stored = {
        couponIds,
        hasMore: page.nextCursor !== null,
        deadLetters: letters.get(shop) ?? 0,
      }
    }
    stored ??= { couponIds: [], hasMore: false, deadLetters: 0 }
    looking = null
  }

  async function readStored() {
    looking ??= lookIntoPostgres()
    // Later looks are not waited for: the page goes on while Postgres hangs.
    if (stored === null) await looking
    const { couponIds = [], hasMore = false, deadLetters = 0 } = stored ?? {}
    const coupons = await readCoupons(redis, shop, couponIds)
    return { hasPostgres, deadLetters, coupons, hasMoreCoupons: hasMore }
  }

  async function readSelling() {
    const [newest, best] = await Promise.all([
      listProducts(redis, shop, { limit: limits.liveProductsMax }),
      // One more than is shown tells whether there are more.
      popularProducts(redis, shop, { days: 1, limit: limits.livePopularMax + 1 }),
    ])
    const popular = best.items.slice(0, limits.livePopularMax)
    const shown = newest?.items ?? []
    const ids = new Set(shown.map(({ id }) => id))
    const older = popular.filter(({ productId }) => !ids.has(productId))
    const found = await Promise.all(
      older.map(({ productId }) => readProduct(redis, shop, productId)),
    )
    return {
      products: [...shown, ...found.filter((one) => one !== null)],
      hasMoreProducts: (newest?.nextCursor ?? null) !== null,
      popular,
      hasMorePopular: best.items.length > popular.length,
    }
  }

  return async () => {
    const [{ isOpen, missingKeys }, outbox, selling, stored] = await Promise.all([
      readShopState(redis, shop),
      readOutbox(redis, shop),
      readSelling(),
      readStored(),
    ])
    return {
      isOpen: isOpen && missingKeys === 0,
      backlog: outbox.events,
      lagMs: outbox.lagMs,
      hasPostgres: stored.hasPostgres,
      deadLetters: stored.deadLetters,
      products: selling.products,
      coupons: stored.coupons,
      popular: selling.popular,
      hasMore: {
        products: selling.hasMoreProducts,
        coupons: stored.hasMoreCoupons,
        popular: selling.hasMorePopular,
      },
    }
  }
}
