import type { OrderRecord } from '../domain/events.ts'
import { type Outcome, Unavailable } from '../domain/outcome.ts'
import type { FindStoredOrder } from '../domain/stored-order.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const placeOrderRefusals = [
  'idempotency_key_reused',
  'cart_empty',
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
  /** The lines, no option on two of them; `cart` for those of the user's cart, which the order then empties. */
  items: readonly { optionId: string; quantity: number }[] | 'cart'
  userCouponId?: string | undefined
  /** The final amount that the user saw, in minor units; another one is refused as `amount_changed`. */
  expectedAmount?: number | undefined
  /** Pay in the same decision, or hold everything until the deadline. */
  pay: boolean
}

export type PlaceOrderOutcome = Outcome<OrderRecord, (typeof placeOrderRefusals)[number]>

/**
 * Places an order: all of its lines, its coupon and, if asked to, its payment, or nothing.
 *
 * @param findStored is asked where the key's order is finished and has left Redis.
 * @throws also what `findStored` throws: the order stands, and a repeated request gets it later.
 */
export async function placeOrder(
  engine: Engine,
  command: PlaceOrder,
  findStored: FindStoredOrder,
): Promise<PlaceOrderOutcome> {
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
      fromCart: command.items === 'cart' ? '1' : '0',
    },
    command.items === 'cart'
      ? []
      : command.items.flatMap((item) => [item.optionId, String(item.quantity)]),
  )
  switch (reply[0]) {
    case 'placed':
      return done(fromRecord<OrderRecord>(reply[1]))
    case 'replayed':
      return done(asFirstAnswered(fromRecord<OrderRecord>(reply[1])), { replayed: true })
    case 'persisted': {
      const stored = await findStored(String(reply[1]))
      if (!stored) throw new Unavailable(`Postgres lacks the order ${reply[1]}`)
      return done(asFirstAnswered(stored.order), { replayed: true })
    }
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

/**
 * The order as its first answer showed it. Neither what came later is part of a repeated answer, nor what an order says
 * of its last decision only.
 */
function asFirstAnswered(order: OrderRecord): OrderRecord {
  const {
    balanceChange,
    userCouponStatus,
    cancelledAt,
    refund,
    refundedAmount,
    payment,
    ...facts
  } = order
  const first = { ...facts, items: order.items.map(asSold) }
  if (!order.paidAtOnce || !payment) return { ...first, status: 'PENDING' }
  return { ...first, status: 'COMPLETED', payment: { ...payment, status: 'PAID' } }
}

function asSold(item: OrderRecord['items'][number]): OrderRecord['items'][number] {
  const { refundedQuantity, restockedQuantity, refundedAmount, ...sold } = item
  return sold
}
