import type { OrderRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const cancelOrderRefusals = ['order_not_found', 'order_completed', 'order_expired'] as const

/** Cancels a pending order of the user. Cancelling a cancelled order changes nothing. */
export async function cancelOrder(
  engine: Engine,
  command: { shop: string; userId: string; orderId: string },
): Promise<Outcome<OrderRecord, (typeof cancelOrderRefusals)[number]>> {
  const { shop, ...named } = command
  const reply = await engine.decide(shop, 'cancel-order', named)
  switch (reply[0]) {
    case 'cancelled':
      return done(fromRecord<OrderRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<OrderRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, cancelOrderRefusals)
  }
}
