import { limits } from '../limits.ts'

/**
 * The hot state of a shop, and the only place that names a Redis key of it.
 *
 * All keys carry the hash tag `{shop}`, so one script may touch all of them, on a single node and on a Redis
 * Cluster alike. Entities are fields of few large hashes instead of keys of their own: every key that a script
 * needs is then known before it runs, a lost key is noticed (see `sentinel`), and a shop is read, rebuilt or
 * dropped as a handful of keys.
 *
 * The order of the entries is the order of KEYS in the deciding script; the loader generates the script's
 * local names from it.
 */
export const shopKeyNames = {
  /**
   * hash · `epoch`, `state` (open | closed), `createdAt`, `layout`; `ordersCursor`, `operationsCursor` of
   * lua/forget-finished.lua; `closedBecause` of a fault; `rebuild`, `rebuildAt` of the rebuild that has the lease;
   * `rebuilds`, the last event that was in Postgres at each of the last ones; `trimmed`, the last event that left the
   * outbox
   */
  meta: 'meta',
  /** stream · one entry per accepted decision: `type`, `v`, `data` (JSON) */
  outbox: 'outbox',
  /** hash · product id → product (JSON); `<id>:<revision>` → description of a past revision */
  products: 'products',
  /** sorted set · product ids by creation time (ms), for lists */
  catalog: 'catalog',
  /** hash · option id → facts (JSON); `<id>:free`, `<id>:held`, `<id>:sold` → units */
  options: 'options',
  /**
   * hash · coupon id → facts (JSON); `<id>:issued`, `<id>:used` → count; `<id>:raising` → when it was announced that a
   * sold-out coupon is raised (ms)
   */
  coupons: 'coupons',
  /** hash · upper-case coupon code → coupon id */
  codes: 'codes',
  /** hash · digest of a single-use code → coupon id; once it is claimed `<coupon id>:<user id>:<rank>` */
  uniqueCodes: 'unique-codes',
  /** hash · `<coupon id>:<bucket>` → about 8 user coupons of it (see lua/includes/user-coupons.lua) */
  claims: 'claims',
  /** hash · user id → balance in minor units */
  balances: 'balances',
  /** hash · operation id → pending order (JSON), or the stub of a finished one (see lua/includes/order-records.lua) */
  orders: 'orders',
  /**
   * hash · operation id → charge, stock adjustment or refund (JSON): the record of its idempotency key;
   * order id → the stub of a refunded order that had left `orders`
   */
  operations: 'operations',
  /** hash · `<option id>:<user id>` → units in live holds and completed orders */
  purchases: 'purchases',
  /** sorted set · operation ids of pending orders by deadline (ms) */
  holds: 'holds',
  /** hash · user id → the newest events of his orders that are not in Postgres yet: `<event id> ` … */
  recents: 'recents',
  /** hash · user id → the lines of his cart: `<option id>=<quantity> ` … in the order in which they came */
  carts: 'carts',
  /** prefix · `sales:<YYYYMMDD>` → sorted set: product id by paid quantity of that UTC day */
  sales: 'sales:',
} as const

export type ShopKeyName = keyof typeof shopKeyNames

/**
 * The version of these keys and of what their fields say. A shop of another one is closed to the deciding script, and
 * a worker rebuilds one of an earlier version.
 */
export const keyLayout = 3

/** The member or field that every key of an open shop carries, so that an empty key still exists. */
export const sentinel = '#'

/** All keys of a shop in the order in which the deciding script takes them. */
export function shopKeys(shop: string): string[] {
  return Object.values(shopKeyNames).map((name) => `{${shop}}:${name}`)
}

/** One key of a shop. */
export function shopKey(shop: string, name: Exclude<ShopKeyName, 'sales'>): string {
  return `{${shop}}:${shopKeyNames[name]}`
}

/** The ranking of one UTC day. */
export function salesKey(shop: string, day: Date): string {
  return `{${shop}}:${shopKeyNames.sales}${compactDate(day)}`
}

/** The last `count` UTC days, `last` included, as rankings name them: YYYYMMDD. */
export function salesDays(last: Date, count: number): string[] {
  return Array.from({ length: count }, (_, ago) =>
    compactDate(new Date(last.getTime() - ago * 86_400_000)),
  )
}

function compactDate(day: Date): string {
  return day.toISOString().slice(0, 10).replaceAll('-', '')
}

/** The rankings of the last `days` UTC days, `now`'s day included. */
export function salesKeys(shop: string, now: Date, days: number): string[] {
  if (days < 1 || days > limits.rankingDaysMax) throw new RangeError(`days: ${days}`)
  return Array.from({ length: days }, (_, ago) =>
    salesKey(shop, new Date(now.getTime() - ago * 86_400_000)),
  )
}

type ReplacedKeyName = Exclude<(typeof shopKeyNames)[ShopKeyName], 'meta' | 'outbox' | 'sales:'>

/** A key that a rebuild loads, by its name in `shopKeyNames`; `sales:` alone is the prefix of the rankings. */
export type LoadedKeyName = ReplacedKeyName | `sales:${string}`

/** The keys that a rebuild loads, in the order of `shopKeyNames`, without the rankings. */
export const loadedKeyNames = Object.values(shopKeyNames).filter(
  (name): name is ReplacedKeyName =>
    name !== 'meta' && name !== 'outbox' && name !== shopKeyNames.sales,
)

/** Where a rebuild, named by its token, loads a key before it takes the place of the shop's own. */
export function loadedKey(rebuild: { shop: string; token: string }, name: LoadedKeyName): string {
  return `{${rebuild.shop}}:rebuild:${rebuild.token}:${name}`
}

/** Where the rankings of several days are added up, for the time of one read. */
export function popularUnionKey(shop: string): string {
  return `{${shop}}:popular`
}

/**
 * `guesses:user:<shop>:<user id>` and `guesses:address:<address>` → bad coupon codes, and how often they were too many,
 * until it expires; no part of a shop's state.
 */
export const codeGuessesPrefix = 'guesses'
export const codeLockoutsPrefix = 'lockouts'

/** `requests:<policy>:<window>:<sender>` → requests of who makes many, until it expires; no part of a shop's state. */
export const requestCountsPrefix = 'requests'

/** `unpaid:<shop>:<user id>` → orders that a user did not pay, until it expires; no part of a shop's state. */
export const unpaidOrdersPrefix = 'unpaid'

/**
 * `{shop}:rooms`: hash · `coupon:<id>` or `option:<id>` → the waiting room before it (JSON). It lies beside the shop's
 * state and is no part of it: a rebuild does not bring it back.
 */
export function roomsKey(shop: string): string {
  return `{${shop}}:rooms`
}

/** Who waits in a room, as lua/enter-room.lua describes it: places, turns and passes, in this order. */
export function roomKeys(
  shop: string,
  name: string,
): [places: string, turns: string, passes: string] {
  const prefix = `{${shop}}:room:${name}`
  return [`${prefix}:places`, `${prefix}:turns`, `${prefix}:passes`]
}

/** BullMQ's keys share a tag too, so that its scripts work on a Redis Cluster. */
export const queuePrefix = '{stampede}'
