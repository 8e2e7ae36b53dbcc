import { bulkChange, bulkDelete, bulkUpdate } from './bulk-update.ts'
import type { RowOf } from './columns.ts'

/** What the drain changes in rows that are there, per kind of change. */
const columns = {
  products: {
    id: 'text',
    name: 'text',
    brand: 'text',
    description: 'text',
    status: 'text',
    revision: 'integer',
    updated_at: 'time',
    facts_event_id: 'bigint',
  },
  option_counts: { id: 'text', stock: 'bigint', held: 'bigint', sold: 'bigint', at: 'time' },
  option_facts: {
    id: 'text',
    price: 'bigint',
    per_user_limit: 'integer',
    sale_starts_at: 'time',
    sale_ends_at: 'time',
    hold_ms: 'integer',
    updated_at: 'time',
    facts_event_id: 'bigint',
  },
  coupon_counts: { id: 'text', issued: 'integer', used: 'integer', at: 'time' },
  coupon_facts: {
    id: 'text',
    status: 'text',
    total_quantity: 'integer',
    valid_until: 'time',
    updated_at: 'time',
    facts_event_id: 'bigint',
  },
  coupon_codes: { digest: 'text', user_coupon_id: 'text', claimed_at: 'time' },
  user_coupons: {
    id: 'text',
    status: 'text',
    order_id: 'text',
    payment_id: 'text',
    used_at: 'time',
    event_id: 'bigint',
  },
  cart_items: { user_id: 'text', option_id: 'text' },
  orders: {
    id: 'text',
    status: 'text',
    cancelled_at: 'time',
    updated_at: 'time',
    refunded_amount: 'bigint',
    user_coupon_status: 'text',
    event_id: 'bigint',
  },
  order_items: {
    order_id: 'text',
    line: 'smallint',
    refunded_quantity: 'integer',
    restocked_quantity: 'integer',
    refunded_amount: 'bigint',
  },
  balances: { user_id: 'text', amount: 'bigint', updated_at: 'time' },
  payments: { order_id: 'text', status: 'text' },
} as const

export type Change<Kind extends keyof typeof columns> = RowOf<(typeof columns)[Kind]>

export const changeProducts = bulkUpdate(
  'products',
  columns.products,
  `name = given.name, brand = given.brand, description = given.description,
   status = given.status, revision = given.revision,
   updated_at = to_timestamp(given.updated_at / 1000), facts_event_id = given.facts_event_id`,
)

export const changeOptions = bulkUpdate(
  'product_options',
  columns.option_counts,
  `stock = known.stock + given.stock, held = known.held + given.held,
   sold = known.sold + given.sold,
   updated_at = greatest(known.updated_at, to_timestamp(given.at / 1000))`,
)

/** A batch may change an option's counts after this. */
export const changeOptionFacts = bulkUpdate(
  'product_options',
  columns.option_facts,
  `price = given.price, per_user_limit = given.per_user_limit,
   sale_starts_at = to_timestamp(given.sale_starts_at / 1000),
   sale_ends_at = to_timestamp(given.sale_ends_at / 1000), hold_ms = given.hold_ms,
   updated_at = greatest(known.updated_at, to_timestamp(given.updated_at / 1000)),
   facts_event_id = given.facts_event_id`,
)

export const changeCoupons = bulkUpdate(
  'coupons',
  columns.coupon_counts,
  `issued_quantity = issued_quantity + given.issued, used_quantity = used_quantity + given.used,
   updated_at = greatest(known.updated_at, to_timestamp(given.at / 1000))`,
)

export const changeCouponFacts = bulkUpdate(
  'coupons',
  columns.coupon_facts,
  `status = given.status, total_quantity = given.total_quantity,
   valid_until = to_timestamp(given.valid_until / 1000), facts_event_id = given.facts_event_id,
   updated_at = greatest(known.updated_at, to_timestamp(given.updated_at / 1000))`,
)

export const claimCodes = bulkUpdate(
  'coupon_codes',
  columns.coupon_codes,
  `user_coupon_id = given.user_coupon_id, claimed_at = to_timestamp(given.claimed_at / 1000)`,
  ['digest'],
)

export const changeUserCoupons = bulkUpdate(
  'user_coupons',
  columns.user_coupons,
  `status = given.status, order_id = given.order_id, payment_id = given.payment_id,
   used_at = to_timestamp(given.used_at / 1000), event_id = given.event_id`,
)

export const deleteCartItems = bulkDelete('cart_items', columns.cart_items)

export const changeOrders = bulkUpdate(
  'orders',
  columns.orders,
  `status = given.status, cancelled_at = to_timestamp(given.cancelled_at / 1000),
   updated_at = to_timestamp(given.updated_at / 1000), refunded_amount = given.refunded_amount,
   user_coupon_status = given.user_coupon_status, event_id = given.event_id`,
)

export const changeOrderItems = bulkUpdate(
  'order_items',
  columns.order_items,
  `refunded_quantity = given.refunded_quantity, restocked_quantity = given.restocked_quantity,
   refunded_amount = given.refunded_amount`,
  ['order_id', 'line'],
)

export const changePayments = bulkUpdate('payments', columns.payments, 'status = given.status', [
  'order_id',
])

export const changeBalances = bulkChange(
  'balances',
  columns.balances,
  'amount = given.amount, updated_at = to_timestamp(given.updated_at / 1000)',
  ['user_id'],
)
