import { Migration } from '@mikro-orm/migrations'

/**
 * The last event of every order. Redis keeps of a finished order which one that is, so it tells whether a row has the
 * order's newest state. It is null for orders that an earlier version persisted.
 */
export class OrderEvents extends Migration {
  override up(): void {
    this.addSql(`alter table orders add column event_id bigint`)
  }

  override down(): void {
    this.addSql(`alter table orders drop column event_id`)
  }
}
