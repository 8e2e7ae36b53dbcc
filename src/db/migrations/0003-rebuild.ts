import { Migration } from '@mikro-orm/migrations'

/**
 * What a rebuild of the hot state needs. The epoch moves beside the watermark, because a drain must find both as they
 * were when it moves the watermark; `events` counts what was persisted, so that a Redis or a Postgres that went back in
 * time is noticed. It is null for a shop of an earlier version until its next drain.
 *
 * The other columns hold what a record in Redis says that no row said yet: what tells a repeated request from a reused
 * key, and the places of lines. They are null, or say the usual, in rows of an earlier version.
 */
export class Rebuild extends Migration {
  override up(): void {
    for (const statement of upStatements) this.addSql(statement)
  }

  override down(): void {
    for (const statement of downStatements) this.addSql(statement)
  }
}

const upStatements = [
  `alter table outbox_watermarks
    add column epoch integer not null default 1 check (epoch > 0),
    add column events bigint check (events >= 0)`,
  `update outbox_watermarks w set epoch = s.epoch from shops s where s.shop = w.shop`,
  `alter table shops drop column epoch`,
  `create table rebuilds (
    shop text collate "C" not null references shops,
    epoch integer not null check (epoch > 0),
    stream_id text not null,
    at timestamptz not null default now(),
    primary key (shop, epoch)
  )`,

  // The first rows of the stock history know the place of every option in its product.
  `alter table product_options add column line smallint check (line > 0)`,
  `update product_options o set line = coalesce((
    select min(h.line) from product_stock_history h
    where h.shop = o.shop and h.option_id = o.id and h.type = 'INITIAL'
  ), 1)`,
  `alter table product_options alter column line set not null`,
  `alter table product_stock_history
    add column operation_id text collate "C",
    add column fingerprint text,
    add column stock bigint check (stock >= 0)`,
  `alter table balance_history add column fingerprint text`,
  `alter table refunds add column fingerprint text`,
  `alter table cart_items add column event_id bigint`,
  `alter table orders
    add column from_cart boolean not null default false,
    add column user_coupon_status text`,
]

const downStatements = [
  `drop table rebuilds`,
  `alter table orders drop column from_cart, drop column user_coupon_status`,
  `alter table cart_items drop column event_id`,
  `alter table refunds drop column fingerprint`,
  `alter table balance_history drop column fingerprint`,
  `alter table product_stock_history
    drop column operation_id, drop column fingerprint, drop column stock`,
  `alter table product_options drop column line`,
  `alter table shops add column epoch integer not null default 1 check (epoch > 0)`,
  `update shops s set epoch = w.epoch from outbox_watermarks w where w.shop = s.shop`,
  `alter table outbox_watermarks drop column events, drop column epoch`,
]
