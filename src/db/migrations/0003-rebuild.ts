import { Migration } from '@mikro-orm/migrations'

/**
 * What a rebuild of the hot state needs. The epoch moves beside the watermark, because a drain must find both as they
 * were when it moves the watermark; `events` counts what was persisted, so that a Redis or a Postgres that went back in
 * time is noticed. It is null for a shop of an earlier version until its next drain.
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
]

const downStatements = [
  `alter table shops add column epoch integer not null default 1 check (epoch > 0)`,
  `update shops s set epoch = w.epoch from outbox_watermarks w where w.shop = s.shop`,
  `alter table outbox_watermarks drop column events, drop column epoch`,
]
