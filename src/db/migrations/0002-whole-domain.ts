import { Migration } from '@mikro-orm/migrations'

/**
 * Catalog changes and their history, single-use codes, carts, refunds and rankings. For its keys and indexes it keeps
 * to what the first migration says.
 */
export class WholeDomain extends Migration {
  override up(): void {
    for (const statement of upStatements) this.addSql(statement)
  }

  /** It refuses where there are rows that the first migration's tables cannot hold. */
  override down(): void {
    for (const statement of downStatements) this.addSql(statement)
  }
}

const upStatements = [
  `alter table products add column revision integer not null default 1 check (revision > 0)`,
  `create table product_revisions (
    shop text collate "C" not null,
    product_id text collate "C" not null,
    revision integer not null check (revision > 0),
    name text not null,
    brand text,
    description text,
    at timestamptz not null,
    primary key (shop, product_id, revision),
    foreign key (shop, product_id) references products
  )`,
  `insert into product_revisions
    select shop, id, 1, name, brand, description, created_at from products`,
  `create view product_listings as
    select p.shop, p.id, p.name, p.brand, p.description,
      case when p.status = 'ACTIVE' and o.stock = 0 then 'OUT_OF_STOCK' else p.status end as status,
      o.stock, o.held, o.sold, p.created_at, p.updated_at
    from products p cross join lateral (
      select sum(stock)::bigint as stock, sum(held)::bigint as held, sum(sold)::bigint as sold
      from product_options o where o.shop = p.shop and o.product_id = p.id
    ) o`,
  `create table product_price_history (
    shop text collate "C" not null,
    event_id bigint not null,
    product_id text collate "C" not null,
    option_id text collate "C" not null,
    old_price bigint not null check (old_price >= 0),
    new_price bigint not null check (new_price >= 0),
    reason text,
    changed_at timestamptz not null,
    primary key (shop, event_id),
    foreign key (shop, option_id) references product_options,
    check (new_price <> old_price)
  )`,
  `create index product_price_history_product
    on product_price_history (product_id, event_id desc, shop)`,
  `alter table product_stock_history
    drop constraint product_stock_history_type_check,
    drop constraint product_stock_history_check,
    drop constraint product_stock_history_check1,
    add constraint product_stock_history_type_check
      check (type in ('INITIAL', 'ADJUST', 'ORDER', 'CANCEL', 'EXPIRE', 'REFUND')),
    add constraint product_stock_history_change_check check (
      case type when 'ORDER' then change < 0 when 'ADJUST' then change <> 0 else change >= 0 end
    ),
    add constraint product_stock_history_order_check
      check ((type in ('ORDER', 'CANCEL', 'EXPIRE', 'REFUND')) = (order_id is not null))`,
  `create index product_stock_history_option
    on product_stock_history (option_id, event_id desc, line desc, shop)`,

  `alter table coupons add column code_required boolean not null default false`,
  `create table coupon_codes (
    shop text collate "C" not null,
    digest text collate "C" not null,
    coupon_id text collate "C" not null,
    user_coupon_id text collate "C",
    created_at timestamptz not null,
    claimed_at timestamptz,
    primary key (shop, digest),
    foreign key (shop, coupon_id) references coupons,
    check ((user_coupon_id is null) = (claimed_at is null))
  ) with (fillfactor = 85)`,
  `create index coupon_codes_coupon on coupon_codes (coupon_id, shop)`,
  `create index user_coupons_expiry on user_coupons (expires_at, id, shop)
    where status = 'AVAILABLE' and expires_at is not null`,
  `drop index user_coupons_user`,
  `create index user_coupons_user on user_coupons (user_id, issued_at desc, id desc, shop)`,
  `alter table coupon_history
    drop constraint coupon_history_check,
    add constraint coupon_history_order_check check (
      case action when 'ISSUED' then order_id is null when 'EXPIRED' then true
        else order_id is not null end
    )`,
  `create index coupon_history_coupon on coupon_history (coupon_id, event_id desc, line desc, shop)`,

  `create table cart_items (
    shop text collate "C" not null,
    user_id text collate "C" not null,
    option_id text collate "C" not null,
    quantity integer not null check (quantity > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (shop, user_id, option_id),
    foreign key (shop, user_id) references users,
    foreign key (shop, option_id) references product_options
  )`,

  `alter table orders
    add column refunded_amount bigint not null default 0
      check (refunded_amount between 0 and final_amount)`,
  `alter table order_items
    add column product_revision integer not null default 1 check (product_revision > 0),
    add column refunded_quantity integer not null default 0
      check (refunded_quantity between 0 and quantity),
    add column restocked_quantity integer not null default 0
      check (restocked_quantity between 0 and refunded_quantity),
    add column refunded_amount bigint not null default 0
      check (refunded_amount between 0 and subtotal - discount_amount)`,
  `create index payments_paid_at on payments using brin (paid_at) with (autosummarize = on)`,
  `create table refunds (
    shop text collate "C" not null,
    id text collate "C" not null,
    event_id bigint not null,
    order_id text collate "C" not null,
    user_id text collate "C" not null,
    amount bigint not null check (amount >= 0),
    restock boolean not null,
    at timestamptz not null,
    primary key (shop, id),
    foreign key (shop, order_id) references orders
  )`,
  `create index refunds_order on refunds (order_id, event_id, shop)`,
  `create table refund_items (
    shop text collate "C" not null,
    refund_id text collate "C" not null,
    line smallint not null,
    order_item_id text collate "C" not null,
    quantity integer not null check (quantity > 0),
    amount bigint not null check (amount >= 0),
    primary key (shop, refund_id, line),
    foreign key (shop, refund_id) references refunds
  )`,

  `create table ranking_snapshots (
    shop text collate "C" not null references shops,
    ranking_date date not null,
    created_at timestamptz not null default now(),
    primary key (shop, ranking_date)
  )`,
  `create table product_rankings (
    shop text collate "C" not null,
    ranking_date date not null,
    rank integer not null check (rank > 0),
    product_id text collate "C" not null,
    sales_count bigint not null check (sales_count > 0),
    created_at timestamptz not null default now(),
    primary key (shop, ranking_date, rank),
    unique (product_id, ranking_date, shop),
    foreign key (shop, ranking_date) references ranking_snapshots,
    foreign key (shop, product_id) references products
  )`,
  `create view popular_products as
    select r.shop, w.days, r.product_id, sum(r.sales_count)::bigint as sales_count,
      w.last - w.days + 1 as start_date, w.last as end_date, max(r.created_at) as updated_at
    from (
      select shop, max(ranking_date) as last, days
      from ranking_snapshots cross join (values (1), (3), (7), (30)) windows (days)
      group by shop, days
    ) w
    join product_rankings r
      on r.shop = w.shop and r.ranking_date between w.last - w.days + 1 and w.last
    group by r.shop, w.days, w.last, r.product_id`,
]

const downStatements = [
  `drop view popular_products`,
  `drop table product_rankings`,
  `drop table ranking_snapshots`,
  `drop table refund_items`,
  `drop table refunds`,
  `drop index payments_paid_at`,
  `alter table order_items
    drop column product_revision,
    drop column refunded_quantity,
    drop column restocked_quantity,
    drop column refunded_amount`,
  `alter table orders drop column refunded_amount`,
  `drop table cart_items`,
  `drop index coupon_history_coupon`,
  `alter table coupon_history
    drop constraint coupon_history_order_check,
    add constraint coupon_history_check check ((action = 'ISSUED') = (order_id is null))`,
  `drop index user_coupons_user`,
  `create index user_coupons_user on user_coupons (user_id, shop)`,
  `drop index user_coupons_expiry`,
  `drop table coupon_codes`,
  `alter table coupons drop column code_required`,
  `drop index product_stock_history_option`,
  `alter table product_stock_history
    drop constraint product_stock_history_type_check,
    drop constraint product_stock_history_change_check,
    drop constraint product_stock_history_order_check,
    add constraint product_stock_history_type_check
      check (type in ('INITIAL', 'ADJUST', 'ORDER', 'CANCEL', 'EXPIRE')),
    add constraint product_stock_history_check check (
      case type when 'ORDER' then change < 0 when 'ADJUST' then change <> 0 else change >= 0 end
    ),
    add constraint product_stock_history_check1
      check ((type in ('ORDER', 'CANCEL', 'EXPIRE')) = (order_id is not null))`,
  `drop table product_price_history`,
  `drop view product_listings`,
  `drop table product_revisions`,
  `alter table products drop column revision`,
]
