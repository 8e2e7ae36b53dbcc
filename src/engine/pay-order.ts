import type { OrderRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const payOrderRefusals = [
  'order_not_found',
  'order_cancelled',
  'order_expired',
  'insufficient_balance',
] as const

/** Pays a pending order of the user from the user's balance. Paying a paid order changes nothing. */
export async function payOrder(
  engine: Engine,
  command: { shop: string; userId: string; orderId: string },
): Promise<Outcome<OrderRecord, (typeof payOrderRefusals)[number]>> {
  const { shop, ...named } = command
  const reply = await engine.decide(shop, 'pay-order', named)
  switch (reply[0]) {
    case 'paid':
      return done(fromRecord<OrderRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<OrderRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, payOrderRefusals)
  }
}
