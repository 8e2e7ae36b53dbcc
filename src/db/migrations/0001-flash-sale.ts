import { Migration } from '@mikro-orm/migrations'

/**
 * The tables of a flash sale. Every primary key begins with the shop, so that the tables can be distributed by it.
 * Every other index ends with it: on a table that was empty when a plan was made, all indexes that begin with the
 * shop look alike, and a foreign key check that chose the wrong one would read the whole shop for every row. Ids
 * compare by bytes (COLLATE "C"): faster, and the same order as in JavaScript. The CHECKs restate the domain: an
 * event that breaks one is a bug upstream, and becomes a dead letter instead of a wrong row.
 */
export class FlashSale extends Migration {
  override up(): void {
    for (const statement of createStatements) this.addSql(statement)
  }

  override down(): void {
    for (const table of [...tables].reverse()) this.addSql(`drop table ${table}`)
  }
}

const tables = [
  'shops',
  'outbox_watermarks',
  'dead_letters',
  'users',
  'balances',
  'balance_history',
  'products',
  'product_options',
  'product_stock_history',
  'coupons',
  'user_coupons',
  'coupon_history',
  'orders',
  'order_items',
  'payments',
]

const createStatements = [
  `create table shops (
    shop text collate "C" primary key,
    epoch integer not null default 1 check (epoch > 0),
    created_at timestamptz not null default now()
  )`,
  `create table outbox_watermarks (
    shop text collate "C" primary key references shops,
    event_id bigint not null check (event_id >= 0),
    stream_id text not null,
    updated_at timestamptz not null default now()
  )`,
  `create table dead_letters (
    shop text collate "C" not null,
    event_id bigint not null,
    stream_id text not null,
    type text not null,
    data text not null,
    error text not null,
    at timestamptz not null default now(),
    primary key (shop, event_id)
  )`,

  `create table users (
    shop text collate "C" not null,
    id text collate "C" not null,
    name text,
    email text check (email is null or name is not null),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (shop, id)
  )`,
  `create unique index users_email_unique on users (lower(email), shop) where email is not null`,

  `create table balances (
    shop text collate "C" not null,
    user_id text collate "C" not null,
    amount bigint not null check (amount >= 0),
    updated_at timestamptz not null,
    primary key (shop, user_id),
    foreign key (shop, user_id) references users
  ) with (fillfactor = 85)`,
  `create table balance_history (
    shop text collate "C" not null,
    event_id bigint not null,
    line smallint not null,
    id text collate "C" not null,
    user_id text collate "C" not null,
    type text not null check (type in ('CHARGE', 'DEDUCT', 'REFUND')),
    amount bigint not null check (amount > 0),
    before_amount bigint not null check (before_amount >= 0),
    after_amount bigint not null check (after_amount >= 0),
    order_id text collate "C",
    user_coupon_id text collate "C",
    at timestamptz not null,
    primary key (shop, event_id, line),
    unique (id, shop),
    check (after_amount = before_amount + case type when 'DEDUCT' then -amount else amount end),
    check ((type = 'CHARGE') = (order_id is null))
  )`,
  `create index balance_history_user on balance_history (user_id, event_id desc, shop)`,

  `create table products (
    shop text collate "C" not null,
    id text collate "C" not null,
    name text not null,
    brand text,
    description text,
    status text not null check (status in ('ACTIVE', 'INACTIVE', 'OUT_OF_STOCK')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (shop, id)
  )`,
  `create table product_options (
    shop text collate "C" not null,
    id text collate "C" not null,
    product_id text collate "C" not null,
    option_value text,
    price bigint not null check (price >= 0),
    per_user_limit integer check (per_user_limit > 0),
    sale_starts_at timestamptz,
    sale_ends_at timestamptz,
    hold_ms integer check (hold_ms > 0),
    stock bigint not null check (stock >= 0),
    held bigint not null check (held >= 0),
    sold bigint not null check (sold >= 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (shop, id),
    foreign key (shop, product_id) references products
  ) with (fillfactor = 50)`,
  `create index product_options_product on product_options (product_id, shop)`,
  `create table product_stock_history (
    shop text collate "C" not null,
    event_id bigint not null,
    line smallint not null,
    option_id text collate "C" not null,
    type text not null check (type in ('INITIAL', 'ADJUST', 'ORDER', 'CANCEL', 'EXPIRE')),
    change bigint not null,
    reason text,
    order_id text collate "C",
    at timestamptz not null,
    primary key (shop, event_id, line),
    foreign key (shop, option_id) references product_options,
    check (case type when 'ORDER' then change < 0 when 'ADJUST' then change <> 0 else change >= 0 end),
    check ((type in ('ORDER', 'CANCEL', 'EXPIRE')) = (order_id is not null))
  )`,

  `create table coupons (
    shop text collate "C" not null,
    id text collate "C" not null,
    name text not null,
    code text,
    discount_type text not null check (discount_type in ('FIXED', 'PERCENTAGE')),
    discount_value bigint not null check (discount_value > 0),
    max_discount_amount bigint check (max_discount_amount > 0),
    min_order_amount bigint not null check (min_order_amount >= 0),
    total_quantity integer not null check (total_quantity >= 0),
    issued_quantity integer not null check (issued_quantity between 0 and total_quantity),
    used_quantity integer not null check (used_quantity between 0 and issued_quantity),
    per_user_limit integer not null check (per_user_limit > 0),
    valid_from timestamptz,
    valid_until timestamptz,
    user_coupon_ttl_seconds integer check (user_coupon_ttl_seconds > 0),
    restore_on_cancel boolean not null,
    status text not null check (status in ('ACTIVE', 'PAUSED', 'ENDED')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (shop, id),
    check (discount_type = 'FIXED' or discount_value <= 10000)
  ) with (fillfactor = 50)`,
  `create unique index coupons_code_unique on coupons (upper(code), shop) where code is not null`,
  `create table user_coupons (
    shop text collate "C" not null,
    id text collate "C" not null,
    coupon_id text collate "C" not null,
    user_id text collate "C" not null,
    rank integer not null check (rank > 0),
    status text not null check (status in ('AVAILABLE', 'HELD', 'USED', 'EXPIRED')),
    issued_at timestamptz not null,
    expires_at timestamptz,
    used_at timestamptz,
    order_id text collate "C",
    payment_id text collate "C",
    primary key (shop, id),
    unique (coupon_id, rank, shop),
    foreign key (shop, coupon_id) references coupons,
    check ((status = 'USED') = (used_at is not null)),
    check ((status in ('HELD', 'USED')) = (order_id is not null))
  ) with (fillfactor = 85)`,
  `create index user_coupons_user on user_coupons (user_id, shop)`,
  `create table coupon_history (
    shop text collate "C" not null,
    event_id bigint not null,
    line smallint not null,
    user_coupon_id text collate "C" not null,
    coupon_id text collate "C" not null,
    user_id text collate "C" not null,
    action text not null check (action in ('ISSUED', 'HELD', 'USED', 'RESTORED', 'EXPIRED')),
    order_id text collate "C",
    applied_discount bigint check (applied_discount >= 0),
    at timestamptz not null,
    primary key (shop, event_id, line),
    foreign key (shop, user_coupon_id) references user_coupons,
    check ((action = 'ISSUED') = (order_id is null))
  )`,

  `create table orders (
    shop text collate "C" not null,
    id text collate "C" not null,
    user_id text collate "C" not null,
    status text not null
      check (status in ('PENDING', 'COMPLETED', 'CANCELLED', 'EXPIRED', 'REFUNDED')),
    original_amount bigint not null check (original_amount >= 0),
    discount_amount bigint not null check (discount_amount >= 0),
    final_amount bigint not null check (final_amount >= 0),
    user_coupon_id text collate "C",
    fingerprint text not null,
    paid_at_once boolean not null,
    ordered_at timestamptz not null,
    expires_at timestamptz not null,
    cancelled_at timestamptz,
    updated_at timestamptz not null,
    primary key (shop, id),
    foreign key (shop, user_id) references users,
    check (final_amount = original_amount - discount_amount),
    check ((status in ('CANCELLED', 'EXPIRED')) = (cancelled_at is not null))
  ) with (fillfactor = 85)`,
  `create index orders_user on orders (user_id, id desc, shop)`,
  `create table order_items (
    shop text collate "C" not null,
    order_id text collate "C" not null,
    line smallint not null,
    id text collate "C" not null,
    option_id text collate "C" not null,
    product_id text collate "C" not null,
    product_name text not null,
    option_value text,
    unit_price bigint not null check (unit_price >= 0),
    quantity integer not null check (quantity > 0),
    subtotal bigint not null,
    discount_amount bigint not null check (discount_amount between 0 and subtotal),
    primary key (shop, order_id, line),
    foreign key (shop, order_id) references orders,
    check (subtotal = unit_price * quantity)
  )`,
  `create table payments (
    shop text collate "C" not null,
    id text collate "C" not null,
    order_id text collate "C" not null,
    user_id text collate "C" not null,
    amount bigint not null check (amount >= 0),
    discount_amount bigint not null check (discount_amount >= 0),
    status text not null check (status in ('PAID', 'REFUNDED', 'PARTIALLY_REFUNDED')),
    paid_at timestamptz not null,
    primary key (shop, id),
    unique (order_id, shop),
    foreign key (shop, order_id) references orders
  )`,
]
