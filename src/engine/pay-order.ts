import type { OrderRecord } from '../domain/events.ts'
import { type Outcome, Unavailable } from '../domain/outcome.ts'
import { type FindStoredOrder, findOwnStored } from '../domain/stored-order.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const payOrderRefusals = [
  'order_not_found',
  'order_cancelled',
  'order_expired',
  'insufficient_balance',
] as const

/**
 * Pays a pending order of the user from the user's balance. Paying a paid order changes nothing.
 *
 * @param findStored is asked for an order that has left Redis. It left when its end was persisted.
 */
export async function payOrder(
  engine: Engine,
  command: { shop: string; userId: string; orderId: string },
  findStored: FindStoredOrder,
): Promise<Outcome<OrderRecord, (typeof payOrderRefusals)[number]>> {
  const { shop, ...named } = command
  const reply = await engine.decide(shop, 'pay-order', named)
  switch (reply[0]) {
    case 'paid':
      return done(fromRecord<OrderRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<OrderRecord>(reply[1]), { replayed: true })
    case 'order_not_found':
      break
    default:
      return refused(reply, payOrderRefusals)
  }
  const order = await findOwnStored(findStored, named)
  switch (order?.status) {
    case undefined:
      return { ok: false, code: 'order_not_found' }
    case 'COMPLETED':
    case 'REFUNDED':
      return done(order, { replayed: true })
    case 'CANCELLED':
      return { ok: false, code: 'order_cancelled' }
    case 'EXPIRED':
      return { ok: false, code: 'order_expired' }
    case 'PENDING':
      throw new Unavailable(`Redis lacks the pending order ${order.id}`)
  }
}
