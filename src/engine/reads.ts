import type { CouponRecord, ProductRecord } from '../domain/events.ts'
import { ShopClosed, Unavailable } from '../domain/outcome.ts'
import type { RedisClient } from '../redis/client.ts'
import { popularUnionKey, type ShopKeyName, salesKeys, sentinel, shopKey } from '../redis/keys.ts'
import { fromRecord } from './replies.ts'

/**
 * Reads of the hot state, without a script. They are hints: only a decision may refuse or admit. They throw
 * Unavailable where Redis does not answer, and ShopClosed where the key is missing: nothing there is not zero.
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

/** What an option's facts say of its product. */
type HotFactsOfProduct = {
  productId: string
  productName: string
  productRevision: number
  status: string
}

type StoredProduct = Omit<ProductRecord, 'options'> & { optionIds: string[] }

/** A product with its options and their counters, or null. */
export async function readProduct(
  redis: RedisClient,
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
  redis: RedisClient,
  shop: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: HotProduct[]; nextCursor: string | null } | null> {
  const catalog = shopKey(shop, 'catalog')
  let start = 0
  if (page.cursor === sentinel) return null
  if (page.cursor !== undefined) {
    const rank = await ask(redis.zrevrank(catalog, page.cursor))
    if (rank === null) return null
    start = rank + 1
  }
  // One more than asked for tells whether another page follows.
  const found = await ask(redis.zrevrange(catalog, start, start + page.limit))
  if (found.length === 0 && start === 0) throw new ShopClosed('The catalog is missing')
  const ids = found.filter((id) => id !== sentinel)
  const shown = ids.slice(0, page.limit)
  return {
    items: await readProducts(redis, shop, shown),
    nextCursor: ids.length > shown.length ? (shown.at(-1) ?? null) : null,
  }
}

async function readProducts(
  redis: RedisClient,
  shop: string,
  ids: string[],
): Promise<HotProduct[]> {
  if (ids.length === 0) return []
  const records = await readFields(redis, shop, 'products', ids)
  const stored = records.filter((record) => record !== null).map(fromRecord<StoredProduct>)
  const optionIds = stored.flatMap((product) => product.optionIds)
  if (optionIds.length === 0) return []
  const fields = optionIds.flatMap((id) => [id, `${id}:free`, `${id}:held`, `${id}:sold`])
  const values = await readFields(redis, shop, 'options', fields)
  let position = 0
  return stored.map(({ optionIds: ids, ...product }) => ({
    ...product,
    options: ids.map((id) => {
      const [facts, free, held, sold] = values.slice(position, position + 4)
      position += 4
      const { productId, productName, productRevision, status, ...option } = fromRecord<
        HotOption & HotFactsOfProduct
      >(found(facts))
      return { ...option, id, free: countOf(free), held: countOf(held), sold: countOf(sold) }
    }),
  }))
}

/** A coupon with its counters. */
export type HotCoupon = CouponRecord & { issuedQuantity: number; usedQuantity: number }

/** A coupon with its counters, or null. */
export async function readCoupon(
  redis: RedisClient,
  shop: string,
  id: string,
): Promise<HotCoupon | null> {
  const [coupon] = await readCoupons(redis, shop, [id])
  return coupon ?? null
}

/** Those of the coupons that exist, in the given order, with their counters. */
export async function readCoupons(
  redis: RedisClient,
  shop: string,
  ids: readonly string[],
): Promise<HotCoupon[]> {
  const fields = ids.flatMap((id) => [id, `${id}:issued`, `${id}:used`])
  const values = await readFields(redis, shop, 'coupons', fields)
  return ids.flatMap((_, index) => {
    const [record, issued, used] = values.slice(3 * index, 3 * index + 3)
    if (!record) return []
    const counters = { issuedQuantity: countOf(issued), usedQuantity: countOf(used) }
    return { ...fromRecord<CouponRecord>(record), ...counters }
  })
}

/** A user's balance in minor units. */
export async function readBalance(
  redis: RedisClient,
  shop: string,
  userId: string,
): Promise<number> {
  const [balance] = await readFields(redis, shop, 'balances', [userId])
  return Number(balance ?? 0)
}

/** The best-selling products of the last `days` UTC days, today included, by paid quantity. */
export async function popularProducts(
  redis: RedisClient,
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
  const records = await readFields(redis, shop, 'products', ids)
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

/** Fields of one hash of a shop. Its sentinel is read with them: a hash without it is not there. */
export async function readFields(
  redis: RedisClient,
  shop: string,
  name: Exclude<ShopKeyName, 'sales'>,
  fields: readonly string[],
): Promise<(string | null)[]> {
  const [mark, ...values] = await ask(redis.hmget(shopKey(shop, name), sentinel, ...fields))
  if (mark === null) throw new ShopClosed(`The key ${name} is missing`)
  return values
}

/** What must be there: nothing is not zero. */
function found(field: string | null | undefined): string {
  if (field === null || field === undefined) throw new ShopClosed('A field is missing')
  return field
}

/** A counter that must be there. */
export function countOf(field: string | null | undefined): number {
  return Number(found(field))
}

/** Waits for an answer of Redis; none is an outage. */
export async function ask<Value>(answer: Promise<Value>): Promise<Value> {
  try {
    return await answer
  } catch (cause) {
    throw new Unavailable('Redis did not answer', { cause })
  }
}
