import type { Redis } from 'ioredis'
import type { CouponRecord, OrderRecord, ProductRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { Unavailable } from '../domain/outcome.ts'
import { popularUnionKey, salesKeys, sentinel, shopKey } from '../redis/keys.ts'
import { fromRecord } from './replies.ts'

/**
 * Reads of the hot state, without a script. They are hints: only a decision may refuse or admit. Like decisions
 * they throw Unavailable where Redis does not answer.
 */

export type HotProduct = Omit<ProductRecord, 'options'> & { options: HotOption[] }

export type HotOption = {
  id: string
  optionValue?: string
  price: number
  perUserLimit?: number
  saleStartsAt?: number
  saleEndsAt?: number
  holdMs?: number
  free: number
  held: number
  sold: number
}

type StoredProduct = Omit<ProductRecord, 'options'> & { optionIds: string[] }

/** A product with its options and their counters, or null. */
export async function readProduct(
  redis: Redis,
  shop: string,
  id: string,
): Promise<HotProduct | null> {
  const [product] = await readProducts(redis, shop, [id])
  return product ?? null
}

/**
 * A page of products, newest first.
 *
 * @param page.cursor the id of the last product seen; null is returned for one that does not exist.
 */
export async function listProducts(
  redis: Redis,
  shop: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: HotProduct[]; nextCursor: string | null } | null> {
  const catalog = shopKey(shop, 'catalog')
  let start = 0
  if (page.cursor !== undefined) {
    const rank = await ask(redis.zrevrank(catalog, page.cursor))
    if (rank === null) return null
    start = rank + 1
  }
  // One more than asked for tells whether another page follows.
  const found = await ask(redis.zrevrange(catalog, start, start + page.limit))
  const ids = found.filter((id) => id !== sentinel)
  const shown = ids.slice(0, page.limit)
  return {
    items: await readProducts(redis, shop, shown),
    nextCursor: ids.length > shown.length ? (shown.at(-1) ?? null) : null,
  }
}

async function readProducts(redis: Redis, shop: string, ids: string[]): Promise<HotProduct[]> {
  if (ids.length === 0) return []
  const records = await ask(redis.hmget(shopKey(shop, 'products'), ...ids))
  const stored = records.filter((record) => record !== null).map(fromRecord<StoredProduct>)
  const optionIds = stored.flatMap((product) => product.optionIds)
  if (optionIds.length === 0) return []
  const fields = optionIds.flatMap((id) => [id, `${id}:free`, `${id}:held`, `${id}:sold`])
  const values = await ask(redis.hmget(shopKey(shop, 'options'), ...fields))
  let position = 0
  return stored.map(({ optionIds: ids, ...product }) => ({
    ...product,
    options: ids.map((id) => {
      const [facts, free, held, sold] = values.slice(position, position + 4)
      position += 4
      const { productId, productName, status, ...option } = fromRecord<
        HotOption & { productId: string; productName: string; status: string }
      >(facts ?? '{}')
      return { ...option, id, free: Number(free), held: Number(held), sold: Number(sold) }
    }),
  }))
}

/** A coupon with its counters, or null. */
export async function readCoupon(
  redis: Redis,
  shop: string,
  id: string,
): Promise<(CouponRecord & { issuedQuantity: number; usedQuantity: number }) | null> {
  const [record, issued, used] = await ask(
    redis.hmget(shopKey(shop, 'coupons'), id, `${id}:issued`, `${id}:used`),
  )
  if (!record) return null
  return {
    ...fromRecord<CouponRecord>(record),
    issuedQuantity: Number(issued),
    usedQuantity: Number(used),
  }
}

/** The id of the coupon with this code, in any case, or null. */
export async function findCouponByCode(
  redis: Redis,
  shop: string,
  code: string,
): Promise<string | null> {
  return ask(redis.hget(shopKey(shop, 'codes'), code.toUpperCase()))
}

/** A user's balance in minor units. */
export async function readBalance(redis: Redis, shop: string, userId: string): Promise<number> {
  return Number(await ask(redis.hget(shopKey(shop, 'balances'), userId)))
}

/** The hot record of an order, or null where it is unknown or has left Redis. */
export async function readOrder(
  redis: Redis,
  shop: string,
  orderId: string,
): Promise<OrderRecord | null> {
  const [order] = await readOrders(redis, shop, [orderId])
  return order ?? null
}

/** The hot records of several orders, in their order. */
export async function readOrders(
  redis: Redis,
  shop: string,
  orderIds: readonly string[],
): Promise<(OrderRecord | null)[]> {
  if (orderIds.length === 0) return []
  const fields = orderIds.map((id) => operationOfOrder(id) ?? '')
  const records = await ask(redis.hmget(shopKey(shop, 'orders'), ...fields))
  return records.map((record, index) => {
    const order = record === null ? null : fromRecord<OrderRecord>(record)
    return order?.id === orderIds[index] ? order : null
  })
}

/** The user's orders with an event that is not in Postgres yet, newest first. */
export async function recentOrders(
  redis: Redis,
  shop: string,
  userId: string,
): Promise<OrderRecord[]> {
  const recent = await ask(redis.hget(shopKey(shop, 'recents'), userId))
  if (!recent) return []
  const operationIds = recent.split(' ').map((entry) => entry.slice(0, entry.lastIndexOf('=')))
  const records = await ask(redis.hmget(shopKey(shop, 'orders'), ...operationIds))
  return records
    .filter((record) => record !== null)
    .map(fromRecord<OrderRecord>)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
}

/** The best-selling products of the last `days` UTC days, today included, by paid quantity. */
export async function popularProducts(
  redis: Redis,
  shop: string,
  window: { days: number; limit: number },
): Promise<{
  items: { rank: number; productId: string; name: string; salesCount: number }[]
  from: string
  to: string
}> {
  const now = new Date()
  const days = salesKeys(shop, now, window.days)
  const union = popularUnionKey(shop)
  const best = (await ask(
    redis.popularProducts(days.length + 1, union, ...days, String(window.limit)),
  )) as string[]
  const ids = best.filter((_, index) => index % 2 === 0)
  const records = ids.length > 0 ? await ask(redis.hmget(shopKey(shop, 'products'), ...ids)) : []
  return {
    items: ids.map((productId, index) => ({
      rank: index + 1,
      productId,
      name: fromRecord<StoredProduct>(records[index] ?? '{"name":""}').name,
      salesCount: Number(best[index * 2 + 1]),
    })),
    from: new Date(now.getTime() - (window.days - 1) * 86_400_000).toISOString().slice(0, 10),
    to: now.toISOString().slice(0, 10),
  }
}

async function ask<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer
  } catch (cause) {
    throw new Unavailable('Redis did not answer', { cause })
  }
}
