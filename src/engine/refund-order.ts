import type { RefundRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { type Outcome, Unavailable } from '../domain/outcome.ts'
import type { FindStoredOrder, StoredOrder } from '../domain/stored-order.ts'
import { limits } from '../limits.ts'
import type { Engine, Reply } from './engine.ts'
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
}

/**
 * Pays back a completed order, or a part of it, to the user's balance.
 *
 * @param findStored is asked where the order's newest state has left Redis. It left persisted, and the script knows
 *   which event made it, so a copy that another refund has overtaken is read again and never paid back twice.
 */
export async function refundOrder(
  engine: Engine,
  command: RefundOrder,
  findStored: FindStoredOrder,
): Promise<Outcome<RefundRecord, (typeof refundOrderRefusals)[number]>> {
  const { orderId } = command
  // What is no order's id may be the id of another operation, whose record lies beside orders that came back.
  if (operationOfOrder(orderId) === null) return { ok: false, code: 'order_not_found' }
  let reply = await decide(engine, command, null)
  for (let reads = 0; reply[0] === 'order_needed'; reads++) {
    if (reads === limits.storedOrderReadsMax) {
      throw new Unavailable(`Postgres lacks the last event of the order ${orderId}`)
    }
    const stored = await findStored(orderId)
    if (!stored) return { ok: false, code: 'order_not_found' }
    reply = await decide(engine, command, stored)
  }
  switch (reply[0]) {
    case 'refunded':
      return done(fromRecord<RefundRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<RefundRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, refundOrderRefusals)
  }
}

function decide(
  engine: Engine,
  { shop, operationId, fingerprint, orderId, items, restock }: RefundOrder,
  stored: StoredOrder | null,
): Promise<Reply> {
  const { balanceMax, rankingDaysMax } = limits
  return engine.decide(
    shop,
    'refund-order',
    {
      operationId,
      fingerprint,
      orderId,
      restock: restock ? '1' : '0',
      storedOrder: stored ? JSON.stringify(stored.order) : '',
      storedEvent: stored?.eventId ?? '',
      balanceMax,
      rankingDaysMax,
    },
    items.flatMap((item) => [item.orderItemId, String(item.quantity)]),
  )
}
