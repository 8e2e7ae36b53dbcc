import type { EntityManager } from '@mikro-orm/postgresql'
import type { RefundRecord } from '../domain/events.ts'
import { cutPage, decodeEventCursor, type Page } from './cursor.ts'
import { Refund, RefundItem } from './entities/refunds.ts'

/** A persisted refund: what its decision recorded, but for what only its idempotency key needs. */
export type StoredRefund = Omit<RefundRecord, 'fingerprint' | 'orderStatus'>

/** The persisted refunds of an order, newest first. `bad_cursor` where the cursor is none of this list. */
export async function listRefunds(
  em: EntityManager,
  shop: string,
  orderId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<StoredRefund> | 'bad_cursor'> {
  const before = decodeEventCursor(page.cursor)
  if (before === null) return 'bad_cursor'
  const refunds = await em.find(
    Refund,
    { shop, orderId, ...before },
    { orderBy: { eventId: 'desc' }, limit: page.limit + 1, disableIdentityMap: true },
  )
  const items = await em.find(
    RefundItem,
    { shop, refundId: { $in: refunds.map(({ id }) => id) } },
    { orderBy: { line: 'asc' }, disableIdentityMap: true },
  )
  const itemsOf = Map.groupBy(items, ({ refundId }) => refundId)
  return cutPage(refunds, page.limit, {
    keyOf: ({ eventId }) => eventId,
    itemOf: ({ id, userId, amount, restock, at }) => ({
      id,
      orderId,
      userId,
      amount,
      restock,
      items: (itemsOf.get(id) ?? []).map(({ orderItemId, quantity, amount: part }) => ({
        orderItemId,
        quantity,
        amount: part,
      })),
      at: at.getTime(),
    }),
  })
}
