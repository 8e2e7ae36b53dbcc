import type { OrderRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const placeOrderRefusals = [
  'idempotency_key_reused',
  'option_not_found',
  'product_inactive',
  'not_started',
  'ended',
  'per_user_limit',
  'sold_out',
  'held',
  'coupon_unavailable',
  'min_order_amount',
  'amount_changed',
  'insufficient_balance',
] as const

export type PlaceOrder = {
  shop: string
  userId: string
  /** Of the idempotency key: see operationId() in src/domain/ids.ts. */
  operationId: string
  fingerprint: string
  /** No option may stand on two lines. */
  items: readonly { optionId: string; quantity: number }[]
  userCouponId?: string | undefined
  /** The final amount that the user saw, in minor units; another one is refused as `amount_changed`. */
  expectedAmount?: number | undefined
  /** Pay in the same decision, or hold everything until the deadline. */
  pay: boolean
}

/** Places an order: all of its lines, its coupon and, if asked to, its payment, or nothing. */
export async function placeOrder(
  engine: Engine,
  command: PlaceOrder,
): Promise<Outcome<OrderRecord, (typeof placeOrderRefusals)[number]>> {
  const { operationId, fingerprint, userId, userCouponId = '', expectedAmount = '' } = command
  const reply = await engine.decide(
    command.shop,
    'place-order',
    {
      operationId,
      fingerprint,
      userId,
      userCouponId,
      expectedAmount,
      pay: command.pay ? '1' : '0',
    },
    command.items.flatMap((item) => [item.optionId, String(item.quantity)]),
  )
  switch (reply[0]) {
    case 'placed':
      return done(fromRecord<OrderRecord>(reply[1]))
    case 'replayed':
      return done(asFirstAnswered(fromRecord<OrderRecord>(reply[1])), { replayed: true })
    case 'held':
      return refused(reply, placeOrderRefusals, { retryAfterMs: Number(reply[1]) })
    case 'amount_changed':
      return refused(reply, placeOrderRefusals, {
        originalAmount: Number(reply[1]),
        discountAmount: Number(reply[2]),
        finalAmount: Number(reply[3]),
      })
    default:
      return refused(reply, placeOrderRefusals)
  }
}

/** The order as its first answer showed it: what came later is not part of a repeated answer. */
function asFirstAnswered(order: OrderRecord): OrderRecord {
  if (order.paidAtOnce) return order
  const { payment, balanceChange, cancelledAt, ...facts } = order
  return { ...facts, status: 'PENDING' }
}
