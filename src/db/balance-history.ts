import type { EntityManager } from '@mikro-orm/postgresql'
import { cutPage, decodeEventCursor, type Page } from './cursor.ts'
import { BalanceHistory } from './entities/balances.ts'

/** One persisted change of a balance. `at` is in milliseconds since 1970. */
export type BalanceChange = {
  id: string
  type: 'CHARGE' | 'DEDUCT' | 'REFUND'
  amount: number
  beforeAmount: number
  afterAmount: number
  orderId: string | null
  at: number
}

/** A user's persisted balance changes, newest first. `bad_cursor` where the cursor is none of this list. */
export async function listBalanceHistory(
  em: EntityManager,
  shop: string,
  userId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<Page<BalanceChange> | 'bad_cursor'> {
  const before = decodeEventCursor(page.cursor)
  if (before === null) return 'bad_cursor'
  const changes = await em.find(
    BalanceHistory,
    { shop, userId, ...before },
    { orderBy: { eventId: 'desc' }, limit: page.limit + 1, disableIdentityMap: true },
  )
  return cutPage(changes, page.limit, {
    keyOf: ({ eventId }) => eventId,
    itemOf: ({ id, type, amount, beforeAmount, afterAmount, orderId, at }) => ({
      id,
      type,
      amount,
      beforeAmount,
      afterAmount,
      orderId: orderId ?? null,
      at: at.getTime(),
    }),
  })
}
