import type { OrderRecord, RefundRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import type { Outcome } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const refundOrderRefusals = [
  'idempotency_key_reused',
  'order_not_found',
  'order_item_not_found',
  'nothing_to_refund',
  'balance_limit',
] as const

export type RefundOrder = {
  shop: string
  orderId: string
  operationId: string
  fingerprint: string
  /** Parts of the order, each item once; all that is left where there are none. */
  items: readonly { orderItemId: string; quantity: number }[]
  /** Whether the units go back on sale. */
  restock: boolean
  /**
   * The order as Postgres has it, where it may have left Redis. It left with all its events persisted, and the script
   * prefers what Redis has, so a stale one cannot be refunded twice.
   */
  storedOrder?: OrderRecord | undefined
}

/** Pays back a completed order, or a part of it, to the user's balance. */
export async function refundOrder(
  engine: Engine,
  command: RefundOrder,
): Promise<Outcome<RefundRecord, (typeof refundOrderRefusals)[number]>> {
  const { shop, operationId, fingerprint, orderId, storedOrder } = command
  // What is no order's id may be the id of another operation, whose record lies beside orders that came back.
  if (operationOfOrder(orderId) === null) return { ok: false, code: 'order_not_found' }
  const { balanceMax, rankingDaysMax } = limits
  const reply = await engine.decide(
    shop,
    'refund-order',
    {
      operationId,
      fingerprint,
      orderId,
      restock: command.restock ? '1' : '0',
      storedOrder: storedOrder ? JSON.stringify(storedOrder) : '',
      balanceMax,
      rankingDaysMax,
    },
    command.items.flatMap((item) => [item.orderItemId, String(item.quantity)]),
  )
  switch (reply[0]) {
    case 'refunded':
      return done(fromRecord<RefundRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<RefundRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, refundOrderRefusals)
  }
}
