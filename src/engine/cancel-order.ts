import type { OrderRecord } from '../domain/events.ts'
import { type Outcome, Unavailable } from '../domain/outcome.ts'
import { type FindStoredOrder, findOwnStored } from '../domain/stored-order.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const cancelOrderRefusals = ['order_not_found', 'order_completed', 'order_expired'] as const

/**
 * Cancels a pending order of the user. Cancelling a cancelled order changes nothing.
 *
 * @param findStored is asked for an order that has left Redis. It left when its end was persisted.
 */
export async function cancelOrder(
  engine: Engine,
  command: { shop: string; userId: string; orderId: string },
  findStored: FindStoredOrder,
): Promise<Outcome<OrderRecord, (typeof cancelOrderRefusals)[number]>> {
  const { shop, ...named } = command
  const reply = await engine.decide(shop, 'cancel-order', named)
  switch (reply[0]) {
    case 'cancelled':
      return done(fromRecord<OrderRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<OrderRecord>(reply[1]), { replayed: true })
    case 'order_not_found':
      break
    default:
      return refused(reply, cancelOrderRefusals)
  }
  const order = await findOwnStored(findStored, named)
  switch (order?.status) {
    case undefined:
      return { ok: false, code: 'order_not_found' }
    case 'CANCELLED':
      return done(order, { replayed: true })
    case 'COMPLETED':
    case 'REFUNDED':
      return { ok: false, code: 'order_completed' }
    case 'EXPIRED':
      return { ok: false, code: 'order_expired' }
    case 'PENDING':
      throw new Unavailable(`Redis lacks the pending order ${order.id}`)
  }
}
