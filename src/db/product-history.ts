import type { EntityManager } from '@mikro-orm/postgresql'
import { cutPage, decodeEventCursor, type Page } from './cursor.ts'
import { ProductPriceHistory, ProductStockHistory } from './entities/products.ts'

/** One persisted change of a price. Prices in minor units, `changedAt` in milliseconds since 1970. */
export type PriceChange = {
  id: string
  optionId: string
  oldPrice: number
  newPrice: number
  reason: string | null
  changedAt: number
}

/** One persisted change of the free units of an option. `at` is in milliseconds since 1970. */
export type StockChange = {
  id: string
  type: 'INITIAL' | 'ADJUST' | 'ORDER' | 'CANCEL' | 'EXPIRE' | 'REFUND'
  /** Units that came in, or below zero went out. */
  change: number
  reason: string | null
  orderId: string | null
  at: number
}

type PageRequest = { limit: number; cursor?: string | undefined }

/** The persisted price changes of a product's options, newest first. `bad_cursor` where the cursor is none of it. */
export async function listPriceHistory(
  em: EntityManager,
  shop: string,
  productId: string,
  page: PageRequest,
): Promise<Page<PriceChange> | 'bad_cursor'> {
  const before = decodeEventCursor(page.cursor)
  if (before === null) return 'bad_cursor'
  const changes = await em.find(
    ProductPriceHistory,
    { shop, productId, ...before },
    { orderBy: { eventId: 'desc' }, limit: page.limit + 1, disableIdentityMap: true },
  )
  return cutPage(changes, page.limit, {
    keyOf: ({ eventId }) => eventId,
    itemOf: ({ eventId, optionId, oldPrice, newPrice, reason, changedAt }) => ({
      id: eventId,
      optionId,
      oldPrice,
      newPrice,
      reason: reason ?? null,
      changedAt: changedAt.getTime(),
    }),
  })
}

/** The persisted changes of an option's free units, newest first. `bad_cursor` where the cursor is none of it. */
export async function listStockHistory(
  em: EntityManager,
  shop: string,
  optionId: string,
  page: PageRequest,
): Promise<Page<StockChange> | 'bad_cursor'> {
  const before = decodeEventCursor(page.cursor)
  if (before === null) return 'bad_cursor'
  const changes = await em.find(
    ProductStockHistory,
    { shop, optionId, ...before },
    { orderBy: { eventId: 'desc' }, limit: page.limit + 1, disableIdentityMap: true },
  )
  return cutPage(changes, page.limit, {
    keyOf: ({ eventId }) => eventId,
    itemOf: ({ eventId, type, change, reason, orderId, at }) => ({
      id: eventId,
      type,
      change,
      reason: reason ?? null,
      orderId: orderId ?? null,
      at: at.getTime(),
    }),
  })
}
