import type { Page } from '../db/cursor.ts'
import { type HotProduct, listProducts } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import type { Dependencies } from './dependencies.ts'
import { statusOf } from './product-view.ts'

type ProductPage = {
  status?: HotProduct['status'] | undefined
  brand?: string | undefined
  limit: number
  cursor?: string | undefined
}

/**
 * A page of the products that match, newest first. It looks at no more than `limits.productsScannedMax` products, so a
 * page may be short, or even empty, while more follow.
 *
 * @returns null where the cursor is none of this list.
 */
export async function listMatchingProducts(
  redis: Dependencies['redis'],
  shop: string,
  { status, brand, limit, cursor }: ProductPage,
): Promise<Page<HotProduct> | null> {
  if (status === undefined && brand === undefined)
    return listProducts(redis, shop, { limit, cursor })
  const items: HotProduct[] = []
  let next = cursor ?? null
  for (let scanned = 0; scanned < limits.productsScannedMax; scanned += limits.pageItemsMax) {
    const part = { limit: limits.pageItemsMax, cursor: next ?? undefined }
    const page = await listProducts(redis, shop, part)
    if (!page) return null
    for (const product of page.items) {
      if (status !== undefined && statusOf(product) !== status) continue
      if (brand !== undefined && product.brand !== brand) continue
      items.push(product)
      if (items.length === limit) {
        const isLast = page.nextCursor === null && product === page.items.at(-1)
        return { items, nextCursor: isLast ? null : product.id }
      }
    }
    next = page.nextCursor
    if (next === null) break
  }
  return { items, nextCursor: next }
}
