import type { OrderRecord, OutboxEvent } from '../domain/events.ts'
import { balanceCharged } from './balance-rows.ts'
import { cartChanged } from './cart-rows.ts'
import {
  codesAdded,
  couponClaimed,
  couponCreated,
  couponExpired,
  couponUpdated,
} from './coupon-rows.ts'
import { orderCancelled, orderExpired, orderPaid, orderPlaced } from './order-rows.ts'
import type { OutboxEntry } from './outbox-entry.ts'
import type { Row } from './outbox-tables.ts'
import type { Change } from './outbox-updates.ts'
import { optionUpdated, productCreated, productUpdated, stockAdjusted } from './product-rows.ts'
import { orderRefunded } from './refund-rows.ts'

/**
 * What a batch of events becomes in Postgres. What many events change, they change once per batch: a map has the last
 * state of each row, or the sum of its changes.
 */
export type OutboxRows = {
  /** Every user an event names: the first one makes the row. */
  users: Map<string, Row<'users'>>
  products: Row<'products'>[]
  productChanges: Map<string, Change<'products'>>
  revisions: Map<string, Row<'product_revisions'>>
  productOptions: Row<'product_options'>[]
  optionChanges: Map<string, OptionChange>
  optionFacts: Map<string, Change<'option_facts'>>
  priceHistory: Row<'product_price_history'>[]
  stockHistory: Row<'product_stock_history'>[]
  coupons: Row<'coupons'>[]
  couponChanges: Map<string, CouponChange>
  couponFacts: Map<string, Change<'coupon_facts'>>
  userCoupons: Row<'user_coupons'>[]
  /** The last state of user coupons that were issued by an earlier batch. */
  userCouponChanges: Map<string, UserCouponState>
  couponHistory: Row<'coupon_history'>[]
  codes: Row<'coupon_codes'>[]
  codeClaims: Map<string, Change<'coupon_codes'>>
  cartItems: Map<string, Row<'cart_items'>>
  cartRemovals: Map<string, Change<'cart_items'>>
  orders: Row<'orders'>[]
  /** The last state of orders that were placed by an earlier batch. */
  orderChanges: Map<string, Change<'orders'>>
  orderItems: Row<'order_items'>[]
  itemRefunds: Map<string, Change<'order_items'>>
  payments: Row<'payments'>[]
  paymentChanges: Map<string, Change<'payments'>>
  refunds: Row<'refunds'>[]
  refundItems: Row<'refund_items'>[]
  balanceHistory: Row<'balance_history'>[]
  balances: Map<string, Row<'balances'>>
  /** The users among them whose balance may have no row yet: it was zero before. */
  firstBalances: Set<string>
  deadLetters: Row<'dead_letters'>[]

  /** The rows above that a later event of the same batch may still change. */
  placed: Map<string, Row<'orders'>>
  issued: Map<string, Row<'user_coupons'>>
}

/** Sums of changes of one option. */
export type OptionChange = { id: string; stock: number; held: number; sold: number; at: number }
/** Sums of changes of one coupon. */
export type CouponChange = { id: string; issued: number; used: number; at: number }

export type UserCouponState = Change<'user_coupons'>

/** The rows of a batch. Entries that are no events become dead letters. */
export function rowsOf(entries: readonly OutboxEntry[]): OutboxRows {
  const rows = emptyRows()
  for (const entry of entries) {
    if (entry.event) addEvent(rows, entry.event, entry.eventId.toString())
    else rows.deadLetters.push(deadLetter(entry, entry.error))
  }
  return rows
}

/** How many rows a batch writes or changes. */
export function countRows(rows: OutboxRows): number {
  const { firstBalances, placed, issued, ...written } = rows
  return Object.values(written).reduce(
    (sum, part) => sum + (Array.isArray(part) ? part.length : part.size),
    0,
  )
}

/** The only rows of entries that cannot be persisted. */
export function deadLettersOf(entries: readonly OutboxEntry[], error: string): OutboxRows {
  const rows = emptyRows()
  for (const entry of entries) rows.deadLetters.push(deadLetter(entry, error))
  return rows
}

function addEvent(rows: OutboxRows, event: OutboxEvent, eventId: string): void {
  switch (event.type) {
    case 'order_placed':
      orderPlaced(rows, eventId, event.data)
      break
    case 'order_paid':
      orderPaid(rows, eventId, event.data)
      break
    case 'order_cancelled':
      orderCancelled(rows, eventId, event.data)
      break
    case 'order_expired':
      orderExpired(rows, eventId, event.data)
      break
    case 'order_refunded':
      orderRefunded(rows, eventId, event.data)
      break
    case 'cart_changed':
      cartChanged(rows, eventId, event.data)
      break
    case 'coupon_claimed':
      couponClaimed(rows, eventId, event.data)
      break
    case 'coupon_expired':
      couponExpired(rows, eventId, event.data)
      break
    case 'coupon_created':
      couponCreated(rows, event.data)
      break
    case 'coupon_updated':
      couponUpdated(rows, eventId, event.data)
      break
    case 'codes_added':
      codesAdded(rows, event.data)
      break
    case 'balance_charged':
      balanceCharged(rows, eventId, event.data)
      break
    case 'stock_adjusted':
      stockAdjusted(rows, eventId, event.data)
      break
    case 'product_created':
      productCreated(rows, eventId, event.data)
      break
    case 'product_updated':
      productUpdated(rows, eventId, event.data)
      break
    case 'option_updated':
      optionUpdated(rows, eventId, event.data)
      break
  }
}

function deadLetter(entry: OutboxEntry, error: string): Row<'dead_letters'> {
  return {
    event_id: entry.eventId.toString(),
    stream_id: entry.streamId,
    type: withoutNul(entry.type),
    version: withoutNul(entry.version),
    data: withoutNul(entry.data),
    error: storedError(error),
    order_id: orderOf(entry),
  }
}

/** The order that an event is about, which is to be found though it has no row. */
function orderOf({ event }: OutboxEntry): string | null {
  return event?.type.startsWith('order_') ? (event.data as OrderRecord).id : null
}

/** A reason as a dead letter keeps it. */
export function storedError(error: string): string {
  return withoutNul(error).slice(0, 1_000)
}

/** Postgres' text cannot hold NUL, and a dead letter must always be accepted. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u{fffd}')
}

function emptyRows(): OutboxRows {
  return {
    users: new Map(),
    products: [],
    productChanges: new Map(),
    revisions: new Map(),
    productOptions: [],
    optionChanges: new Map(),
    optionFacts: new Map(),
    priceHistory: [],
    stockHistory: [],
    coupons: [],
    couponChanges: new Map(),
    couponFacts: new Map(),
    userCoupons: [],
    userCouponChanges: new Map(),
    couponHistory: [],
    codes: [],
    codeClaims: new Map(),
    cartItems: new Map(),
    cartRemovals: new Map(),
    orders: [],
    orderChanges: new Map(),
    orderItems: [],
    itemRefunds: new Map(),
    payments: [],
    paymentChanges: new Map(),
    refunds: [],
    refundItems: [],
    balanceHistory: [],
    balances: new Map(),
    firstBalances: new Set(),
    deadLetters: [],
    placed: new Map(),
    issued: new Map(),
  }
}
