import { z } from 'zod'

/**
 * The outbox events: what a decision tells Postgres. A deciding script appends exactly one of these per effect,
 * in the same script, as the stream fields `type`, `v` and `data`. Amounts are integers in minor units, times are
 * milliseconds since 1970 by the clock of Redis. Absent means null: Lua drops nil fields.
 */
export const eventVersion = 1

const id = z.string().min(1)
const count = z.int().nonnegative()
const timeMs = z.int().positive()

const orderItem = z.object({
  id,
  optionId: id,
  productId: id,
  productName: z.string(),
  optionValue: z.string().optional(),
  unitPrice: count,
  quantity: z.int().positive(),
  subtotal: count,
  discountAmount: count,
})

/** A balance change that an order caused; absent where the amount was 0. */
const balanceChange = z.object({
  id,
  amount: z.int().positive(),
  beforeAmount: count,
  afterAmount: count,
})

/** The whole order after the decision. It is also the order's record in Redis. */
const order = z.object({
  id,
  userId: id,
  status: z.enum(['PENDING', 'COMPLETED', 'CANCELLED', 'EXPIRED']),
  /** Hash of the request body, to tell a repeated request from a reused key. */
  fingerprint: z.string(),
  /** True where the request that placed the order paid it too (or nothing was to be paid). */
  paidAtOnce: z.boolean(),
  items: z.array(orderItem).min(1),
  originalAmount: count,
  discountAmount: count,
  finalAmount: count,
  userCouponId: id.optional(),
  /** What became of the user coupon in this decision. */
  userCouponStatus: z.enum(['HELD', 'USED', 'AVAILABLE', 'EXPIRED']).optional(),
  payment: z.object({ id, amount: count, status: z.literal('PAID'), paidAt: timeMs }).optional(),
  balanceChange: balanceChange.optional(),
  orderedAt: timeMs,
  expiresAt: timeMs,
  /** When a pending order was cancelled or expired. */
  cancelledAt: timeMs.optional(),
})

const charge = z.object({
  id,
  fingerprint: z.string(),
  userId: id,
  amount: z.int().positive(),
  beforeAmount: count,
  afterAmount: count,
  at: timeMs,
})

const stockAdjustment = z.object({
  id,
  fingerprint: z.string(),
  optionId: id,
  change: z.int(),
  reason: z.string(),
  /** Free units after the change. */
  stock: count,
  at: timeMs,
})

const product = z.object({
  id,
  name: z.string(),
  brand: z.string().optional(),
  description: z.string().optional(),
  status: z.enum(['ACTIVE', 'INACTIVE', 'OUT_OF_STOCK']),
  createdAt: timeMs,
  options: z
    .array(
      z.object({
        id,
        optionValue: z.string().optional(),
        price: count,
        stock: count,
        perUserLimit: z.int().positive().optional(),
        saleStartsAt: timeMs.optional(),
        saleEndsAt: timeMs.optional(),
        holdMs: z.int().positive().optional(),
      }),
    )
    .min(1),
})

const coupon = z.object({
  id,
  name: z.string(),
  code: z.string().optional(),
  discountType: z.enum(['FIXED', 'PERCENTAGE']),
  discountValue: z.int().positive(),
  maxDiscountAmount: z.int().positive().optional(),
  minOrderAmount: count,
  totalQuantity: count,
  perUserLimit: z.int().positive(),
  validFrom: timeMs.optional(),
  validUntil: timeMs.optional(),
  userCouponTtlSeconds: z.int().positive().optional(),
  restoreOnCancel: z.boolean(),
  status: z.enum(['ACTIVE', 'PAUSED', 'ENDED']),
  createdAt: timeMs,
})

const claim = z.object({
  userCouponId: id,
  couponId: id,
  userId: id,
  rank: z.int().positive(),
  issuedAt: timeMs,
  expiresAt: timeMs.optional(),
})

/** Event type → shape of its `data`. */
export const eventSchemas = {
  product_created: product,
  stock_adjusted: stockAdjustment,
  coupon_created: coupon,
  coupon_claimed: claim,
  balance_charged: charge,
  order_placed: order,
  order_paid: order,
  order_cancelled: order,
  order_expired: order,
} as const

export type EventType = keyof typeof eventSchemas
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>

export type OrderRecord = z.infer<typeof order>
export type ChargeRecord = z.infer<typeof charge>
export type StockAdjustmentRecord = z.infer<typeof stockAdjustment>
export type ProductRecord = z.infer<typeof product>
export type CouponRecord = z.infer<typeof coupon>
export type ClaimRecord = z.infer<typeof claim>

/** One decoded outbox event. `id` is the id of its stream entry. */
export type OutboxEvent = {
  [T in EventType]: { id: string; type: T; data: EventData<T> }
}[EventType]
