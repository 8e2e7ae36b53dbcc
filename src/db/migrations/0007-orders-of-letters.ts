import { Migration } from '@mikro-orm/migrations'

/**
 * What a dead letter and its retry look up. An accepted order whose event is a dead letter is found there by its id,
 * so that whoever asks for it is told the truth. And a user coupon says which event its row is as new as, as an order
 * does: the history of one coupon has a line for each of a million claims, so looking for a later step among them took
 * a retry longer than a statement may.
 */
export class OrdersOfLetters extends Migration {
  override up(): void {
    this.addSql(`alter table dead_letters add column order_id text collate "C"`)
    this.addSql(`create index dead_letters_order on dead_letters (order_id, event_id, shop)`)
    this.addSql(`alter table user_coupons add column event_id bigint`)
    // Only what a letter that is there may still come behind; without one there is nothing to do.
    this.addSql(`update user_coupons u set event_id = steps.event_id from (
      select h.shop, h.user_coupon_id, max(h.event_id) as event_id
      from (select shop, min(event_id) as event_id from dead_letters group by shop) letters
      join coupon_history h on h.shop = letters.shop and h.event_id > letters.event_id
      group by h.shop, h.user_coupon_id
    ) steps where u.shop = steps.shop and u.id = steps.user_coupon_id`)
  }

  override down(): void {
    this.addSql(`alter table user_coupons drop column event_id`)
    this.addSql(`alter table dead_letters drop column order_id`)
  }
}
