import { Migration } from '@mikro-orm/migrations'

/**
 * What a row of the drain costs. It keeps to the keys of the first migration, and takes away what cost more than the
 * rows themselves:
 *
 * - Foreign keys of what every order and claim writes. Each is a query per row, together two fifths of the drain, and
 *   asks what the same batch has ensured as a whole: it inserts the parent, or changes it with a statement that must
 *   find it (src/rows/bulk-update.ts), or the event becomes a dead letter. Foreign keys of what is rare stay.
 * - The second key of payments: an order has one payment, so its id is the key.
 * - Descending indexes: new entries came before the older ones of their kind, which halves pages that will never be
 *   filled. Postgres reads an index backwards as well.
 */
export class BulkWrites extends Migration {
  override up(): void {
    for (const { table, columns } of ensured) {
      this.addSql(`alter table ${table} drop constraint ${nameOf(table, columns)}`)
    }
    for (const statement of upStatements) this.addSql(statement)
  }

  override down(): void {
    for (const statement of downStatements) this.addSql(statement)
    for (const { table, columns, parent } of ensured) {
      this.addSql(
        `alter table ${table} add foreign key (${columns.join(', ')}) references ${parent}`,
      )
    }
  }
}

const ensured = [
  { table: 'balances', columns: ['shop', 'user_id'], parent: 'users' },
  { table: 'orders', columns: ['shop', 'user_id'], parent: 'users' },
  { table: 'order_items', columns: ['shop', 'order_id'], parent: 'orders' },
  { table: 'payments', columns: ['shop', 'order_id'], parent: 'orders' },
  { table: 'product_stock_history', columns: ['shop', 'option_id'], parent: 'product_options' },
  { table: 'user_coupons', columns: ['shop', 'coupon_id'], parent: 'coupons' },
  { table: 'coupon_history', columns: ['shop', 'user_coupon_id'], parent: 'user_coupons' },
]

function nameOf(table: string, columns: readonly string[]): string {
  return `${table}_${columns.join('_')}_fkey`
}

const upStatements = [
  `alter table payments drop constraint payments_pkey, drop constraint payments_order_id_shop_key,
    add primary key (shop, order_id)`,
  `drop index balance_history_user, product_stock_history_option, coupon_history_coupon, orders_user`,
  `create index balance_history_user on balance_history (user_id, event_id, shop)`,
  `create index product_stock_history_option
    on product_stock_history (option_id, event_id, line, shop)`,
  `create index coupon_history_coupon on coupon_history (coupon_id, event_id, line, shop)`,
  `create index orders_user on orders (user_id, id, shop)`,
]

const downStatements = [
  `drop index balance_history_user, product_stock_history_option, coupon_history_coupon, orders_user`,
  `create index balance_history_user on balance_history (user_id, event_id desc, shop)`,
  `create index product_stock_history_option
    on product_stock_history (option_id, event_id desc, line desc, shop)`,
  `create index coupon_history_coupon on coupon_history (coupon_id, event_id desc, line desc, shop)`,
  `create index orders_user on orders (user_id, id desc, shop)`,
  `alter table payments drop constraint payments_pkey, add primary key (shop, id),
    add unique (order_id, shop)`,
]
