import { bulkAppend, bulkUpsert } from './bulk-insert.ts'
import type { Columns, RowOf } from './columns.ts'

/** The columns that the drain inserts, per table. */
export const columns = {
  users: { id: 'text', created_at: 'time', updated_at: 'time' },
  products: {
    id: 'text',
    name: 'text',
    brand: 'text',
    description: 'text',
    status: 'text',
    created_at: 'time',
    updated_at: 'time',
    revision: 'integer',
  },
  product_revisions: {
    product_id: 'text',
    revision: 'integer',
    name: 'text',
    brand: 'text',
    description: 'text',
    at: 'time',
  },
  product_options: {
    id: 'text',
    product_id: 'text',
    option_value: 'text',
    price: 'bigint',
    per_user_limit: 'integer',
    sale_starts_at: 'time',
    sale_ends_at: 'time',
    hold_ms: 'integer',
    stock: 'bigint',
    held: 'bigint',
    sold: 'bigint',
    created_at: 'time',
    updated_at: 'time',
    line: 'smallint',
  },
  product_price_history: {
    event_id: 'bigint',
    product_id: 'text',
    option_id: 'text',
    old_price: 'bigint',
    new_price: 'bigint',
    reason: 'text',
    changed_at: 'time',
  },
  product_stock_history: {
    event_id: 'bigint',
    line: 'smallint',
    option_id: 'text',
    type: 'text',
    change: 'bigint',
    reason: 'text',
    order_id: 'text',
    at: 'time',
    operation_id: 'text',
    fingerprint: 'text',
    stock: 'bigint',
  },
  coupons: {
    id: 'text',
    name: 'text',
    code: 'text',
    discount_type: 'text',
    discount_value: 'bigint',
    max_discount_amount: 'bigint',
    min_order_amount: 'bigint',
    total_quantity: 'integer',
    issued_quantity: 'integer',
    used_quantity: 'integer',
    per_user_limit: 'integer',
    valid_from: 'time',
    valid_until: 'time',
    user_coupon_ttl_seconds: 'integer',
    restore_on_cancel: 'boolean',
    status: 'text',
    created_at: 'time',
    updated_at: 'time',
    code_required: 'boolean',
  },
  coupon_codes: { digest: 'text', coupon_id: 'text', created_at: 'time' },
  user_coupons: {
    id: 'text',
    coupon_id: 'text',
    user_id: 'text',
    rank: 'integer',
    status: 'text',
    issued_at: 'time',
    expires_at: 'time',
    used_at: 'time',
    order_id: 'text',
    payment_id: 'text',
    event_id: 'bigint',
  },
  coupon_history: {
    event_id: 'bigint',
    line: 'smallint',
    user_coupon_id: 'text',
    coupon_id: 'text',
    user_id: 'text',
    action: 'text',
    order_id: 'text',
    applied_discount: 'bigint',
    at: 'time',
  },
  cart_items: {
    user_id: 'text',
    option_id: 'text',
    quantity: 'integer',
    created_at: 'time',
    updated_at: 'time',
    event_id: 'bigint',
  },
  orders: {
    id: 'text',
    user_id: 'text',
    status: 'text',
    original_amount: 'bigint',
    discount_amount: 'bigint',
    final_amount: 'bigint',
    user_coupon_id: 'text',
    fingerprint: 'text',
    paid_at_once: 'boolean',
    ordered_at: 'time',
    expires_at: 'time',
    cancelled_at: 'time',
    updated_at: 'time',
    refunded_amount: 'bigint',
    from_cart: 'boolean',
    user_coupon_status: 'text',
    event_id: 'bigint',
  },
  order_items: {
    order_id: 'text',
    line: 'smallint',
    id: 'text',
    option_id: 'text',
    product_id: 'text',
    product_name: 'text',
    option_value: 'text',
    unit_price: 'bigint',
    quantity: 'integer',
    subtotal: 'bigint',
    discount_amount: 'bigint',
    product_revision: 'integer',
  },
  payments: {
    id: 'text',
    order_id: 'text',
    user_id: 'text',
    amount: 'bigint',
    discount_amount: 'bigint',
    status: 'text',
    paid_at: 'time',
  },
  refunds: {
    id: 'text',
    event_id: 'bigint',
    order_id: 'text',
    user_id: 'text',
    amount: 'bigint',
    restock: 'boolean',
    at: 'time',
    fingerprint: 'text',
  },
  refund_items: {
    refund_id: 'text',
    line: 'smallint',
    order_item_id: 'text',
    quantity: 'integer',
    amount: 'bigint',
  },
  balance_history: {
    event_id: 'bigint',
    line: 'smallint',
    id: 'text',
    user_id: 'text',
    type: 'text',
    amount: 'bigint',
    before_amount: 'bigint',
    after_amount: 'bigint',
    order_id: 'text',
    user_coupon_id: 'text',
    at: 'time',
    fingerprint: 'text',
  },
  balances: { user_id: 'text', amount: 'bigint', updated_at: 'time' },
  dead_letters: {
    event_id: 'bigint',
    stream_id: 'text',
    type: 'text',
    version: 'text',
    data: 'text',
    error: 'text',
    order_id: 'text',
  },
} as const satisfies Record<string, Columns>

export type Row<Table extends keyof typeof columns> = RowOf<(typeof columns)[Table]>

export const insertUsers = bulkUpsert('users', columns.users, 'on conflict do nothing')
export const insertProducts = bulkAppend('products', columns.products)
export const insertRevisions = bulkUpsert(
  'product_revisions',
  columns.product_revisions,
  // A dead letter that is retried may bring the event with which a revision began behind a later one.
  `on conflict (shop, product_id, revision)
    do update set at = excluded.at where excluded.at < product_revisions.at`,
)
export const insertProductOptions = bulkAppend('product_options', columns.product_options)
export const insertPriceHistory = bulkAppend('product_price_history', columns.product_price_history)
export const insertStockHistory = bulkAppend('product_stock_history', columns.product_stock_history)
export const insertCoupons = bulkAppend('coupons', columns.coupons)
export const insertCodes = bulkAppend('coupon_codes', columns.coupon_codes)
export const insertUserCoupons = bulkAppend('user_coupons', columns.user_coupons)
export const insertCouponHistory = bulkAppend('coupon_history', columns.coupon_history)
export const writeCartItems = bulkUpsert(
  'cart_items',
  columns.cart_items,
  `on conflict (shop, user_id, option_id)
    do update set quantity = excluded.quantity,
      updated_at = greatest(cart_items.updated_at, excluded.updated_at)`,
)
export const insertOrders = bulkAppend('orders', columns.orders)
export const insertOrderItems = bulkAppend('order_items', columns.order_items)
export const insertPayments = bulkAppend('payments', columns.payments)
export const insertRefunds = bulkAppend('refunds', columns.refunds)
export const insertRefundItems = bulkAppend('refund_items', columns.refund_items)
export const insertBalanceHistory = bulkAppend('balance_history', columns.balance_history)
export const insertDeadLetters = bulkAppend('dead_letters', columns.dead_letters)
export const insertBalances = bulkUpsert(
  'balances',
  columns.balances,
  `on conflict (shop, user_id)
    do update set amount = excluded.amount, updated_at = excluded.updated_at`,
)
