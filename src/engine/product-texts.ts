import type { OrderRecord, ProductRecord } from '../domain/events.ts'
import { ShopClosed } from '../domain/outcome.ts'
import type { RedisClient } from '../redis/client.ts'
import { readFields } from './reads.ts'
import { fromRecord } from './replies.ts'

/**
 * What the products of order items said of themselves when they were sold. An item carries their names; descriptions
 * are longer, so it carries the revision that has them.
 *
 * @returns the descriptions in the order of the items, null where there was none.
 */
export async function readDescriptions(
  redis: RedisClient,
  shop: string,
  items: OrderRecord['items'],
): Promise<(string | null)[]> {
  // Records of the time before there were revisions name none: they are of the first.
  const sold = items.map(({ productId, productRevision = 1 }) => ({ productId, productRevision }))
  const fields = sold.flatMap(({ productId, productRevision }) => [
    productId,
    `${productId}:${productRevision}`,
  ])
  const values = await readFields(redis, shop, 'products', fields)
  return sold.map(({ productId, productRevision }, index) => {
    const [current, past] = values.slice(index * 2, index * 2 + 2)
    // A past revision without a description is kept as an empty text.
    if (typeof past === 'string') return past || null
    const { revision = 1, description } = fromRecord<Partial<ProductRecord>>(current ?? '{}')
    if (!current || revision !== productRevision) {
      throw new ShopClosed(`A description of the product ${productId} is missing`)
    }
    return description ?? null
  })
}
