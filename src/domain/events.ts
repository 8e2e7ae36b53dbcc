import { z } from 'zod'

/**
 * The outbox events: what a decision tells Postgres. A deciding script appends exactly one of these per effect,
 * in the same script, as the stream fields `type`, `v` and `data`. Amounts are integers in minor units, times are
 * milliseconds since 1970 by the clock of Redis. Absent means null: Lua drops nil fields.
 */
export const eventVersion = 1

const id = z.string().min(1)
const count = z.int().nonnegative()
/** Of a year with four digits: a longer one is written in a way that Postgres would misread. */
const timeMs = z
  .int()
  .positive()
  .max(Date.UTC(9999, 11, 31))

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
  /** Which revision of the product was sold: its texts stay readable as they were. */
  productRevision: z.int().positive().default(1),
  /** What refunds have taken back so far; absent before the first. */
  refundedQuantity: count.optional(),
  restockedQuantity: count.optional(),
  refundedAmount: count.optional(),
})

/** One repayment of a completed order, or of a part of it. */
const refund = z.object({
  id,
  fingerprint: z.string(),
  orderId: id,
  userId: id,
  amount: count,
  /** Whether the units went back on sale. */
  restock: z.boolean(),
  items: z.array(z.object({ orderItemId: id, quantity: z.int().positive(), amount: count })).min(1),
  /** The order's status after this refund. */
  orderStatus: z.enum(['COMPLETED', 'REFUNDED']),
  at: timeMs,
})

/** A balance change that an order caused: a deduction or a refund; absent where the amount was 0. */
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
  status: z.enum(['PENDING', 'COMPLETED', 'CANCELLED', 'EXPIRED', 'REFUNDED']),
  /** Hash of the request body, to tell a repeated request from a reused key. */
  fingerprint: z.string(),
  /** True where the request that placed the order paid it too (or nothing was to be paid). */
  paidAtOnce: z.boolean(),
  /** True where the lines were the user's cart, which this order emptied. */
  fromCart: z.boolean().optional(),
  items: z.array(orderItem).min(1),
  originalAmount: count,
  discountAmount: count,
  finalAmount: count,
  userCouponId: id.optional(),
  /** What became of the user coupon in this decision. */
  userCouponStatus: z.enum(['HELD', 'USED', 'AVAILABLE', 'EXPIRED']).optional(),
  payment: z
    .object({
      id,
      amount: count,
      status: z.enum(['PAID', 'PARTIALLY_REFUNDED', 'REFUNDED']),
      paidAt: timeMs,
    })
    .optional(),
  /** The sum of all refunds, and the last of them. */
  refundedAmount: count.optional(),
  refund: refund.optional(),
  /** The change of the user's balance in this decision. */
  balanceChange: balanceChange.optional(),
  orderedAt: timeMs,
  expiresAt: timeMs,
  /** When a pending order was cancelled or expired. */
  cancelledAt: timeMs.optional(),
})

const refundedOrder = order.extend({ refund })

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

const productStatus = z.enum(['ACTIVE', 'INACTIVE', 'OUT_OF_STOCK'])

const product = z.object({
  id,
  name: z.string(),
  brand: z.string().optional(),
  description: z.string().optional(),
  /** What the operator said. A product without a free unit is out of stock whatever it says. */
  status: productStatus,
  /** Counts the changes of name, brand and description, from 1. */
  revision: z.int().positive().default(1),
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

/** The product after the change, without its options. */
const productUpdate = z.object({
  id,
  name: z.string(),
  brand: z.string().optional(),
  description: z.string().optional(),
  status: productStatus,
  revision: z.int().positive(),
  at: timeMs,
})

/** The option after the change, without its counters. */
const optionUpdate = z.object({
  optionId: id,
  productId: id,
  oldPrice: count,
  price: count,
  /** The operator's words on the price. */
  reason: z.string().optional(),
  perUserLimit: z.int().positive().optional(),
  saleStartsAt: timeMs.optional(),
  saleEndsAt: timeMs.optional(),
  holdMs: z.int().positive().optional(),
  at: timeMs,
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
  /** Whether it is claimed by a code only, never by its id. */
  codeRequired: z.boolean().default(false),
  status: z.enum(['ACTIVE', 'PAUSED', 'ENDED']),
  createdAt: timeMs,
})

const couponUpdate = coupon.extend({ updatedAt: timeMs })

/** Single-use codes of a coupon, as `codeDigest` in src/domain/codes.ts hashes them. */
const codes = z.object({ couponId: id, digests: z.array(id).min(1), at: timeMs })

const userCouponExpiry = z.object({ userCouponId: id, couponId: id, userId: id, at: timeMs })

/** One line of a user's cart; quantity 0 where it was taken out. */
const cartLine = z.object({ userId: id, optionId: id, quantity: count, at: timeMs })

const claim = z.object({
  userCouponId: id,
  couponId: id,
  userId: id,
  rank: z.int().positive(),
  issuedAt: timeMs,
  expiresAt: timeMs.optional(),
  /** Of the single-use code that it took. */
  codeDigest: id.optional(),
})

/** Event type → shape of its `data`. */
export const eventSchemas = {
  product_created: product,
  product_updated: productUpdate,
  option_updated: optionUpdate,
  stock_adjusted: stockAdjustment,
  coupon_created: coupon,
  coupon_updated: couponUpdate,
  codes_added: codes,
  coupon_claimed: claim,
  coupon_expired: userCouponExpiry,
  cart_changed: cartLine,
  balance_charged: charge,
  order_placed: order,
  order_paid: order,
  order_cancelled: order,
  order_expired: order,
  order_refunded: refundedOrder,
} as const

export type EventType = keyof typeof eventSchemas
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>

export type OrderRecord = z.infer<typeof order>
export type RefundRecord = z.infer<typeof refund>
export type ChargeRecord = z.infer<typeof charge>
export type StockAdjustmentRecord = z.infer<typeof stockAdjustment>
export type ProductRecord = z.infer<typeof product>
export type ProductUpdate = z.infer<typeof productUpdate>
export type OptionUpdate = z.infer<typeof optionUpdate>
export type CouponRecord = z.infer<typeof coupon>
export type ClaimRecord = z.infer<typeof claim>

/** One decoded outbox event. `id` is the id of its stream entry. */
export type OutboxEvent = {
  [T in EventType]: { id: string; type: T; data: EventData<T> }
}[EventType]
