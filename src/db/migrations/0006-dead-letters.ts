import { Migration } from '@mikro-orm/migrations'

/**
 * What it takes to settle a dead letter: the version of its event, what became of the tries, and when and why it was
 * given up. An event that is persisted late must not undo what later ones said, so the rows whose facts are replaced as
 * a whole say which event that was; orders do so already.
 */
export class DeadLetters extends Migration {
  override up(): void {
    this.addSql(`alter table dead_letters
      add column version text,
      add column tries integer not null default 0 check (tries >= 0),
      add column tried_at timestamptz,
      add column dropped_at timestamptz,
      add column drop_reason text,
      add check ((dropped_at is null) = (drop_reason is null))`)
    for (const table of changed)
      this.addSql(`alter table ${table} add column facts_event_id bigint`)
  }

  override down(): void {
    for (const table of changed) this.addSql(`alter table ${table} drop column facts_event_id`)
    this.addSql(`alter table dead_letters
      drop column version, drop column tries, drop column tried_at, drop column dropped_at,
      drop column drop_reason`)
  }
}

const changed = ['products', 'product_options', 'coupons']
