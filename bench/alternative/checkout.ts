import type { Pool } from './pool.ts'

export type Checkout = {
  shop: string
  userId: string
  /** Derived from the idempotency key: its primary key makes a repeated request meet the first order. */
  orderId: string
  fingerprint: string
  items: readonly { optionId: string; quantity: number }[]
  userCouponId?: string | undefined
}

export type Outcome = { placed: true; finalAmount: number } | { placed: false; code: string }

/**
 * A whole paid order in one statement, which is one transaction and one round trip: the hot row is locked only while
 * it runs and commits. Every change is conditional, and one that meets nothing raises its refusal, which takes the
 * others back. Two orders of the same options in another order may wait for each other: one of them is repeated.
 * The rows are those that the engine's worker writes.
 */
const statement = {
  name: 'checkout',
  text: `
with line as materialized (
  select * from unnest($5::text[], $6::int[]) with ordinality as t (option_id, quantity, line)
  order by option_id
), number as materialized (
  select nextval('events') as event_id, now() as at
), coupon as materialized (
  select u.id, u.coupon_id, c.discount_type, c.discount_value, c.max_discount_amount, c.min_order_amount
  from user_coupons u join coupons c on c.shop = u.shop and c.id = u.coupon_id
  where u.shop = $1 and u.id = $7
), sold as (
  update product_options o
  set stock = o.stock - l.quantity, sold = o.sold + l.quantity, updated_at = n.at
  from line l, number n
  where o.shop = $1 and o.id = l.option_id and o.stock >= l.quantity
    and (o.sale_starts_at is null or o.sale_starts_at <= n.at)
    and (o.sale_ends_at is null or o.sale_ends_at > n.at)
  returning o.id, o.product_id, o.option_value, o.price, l.quantity, l.line, o.price * l.quantity as subtotal
), sum as materialized (
  select original, least(original, coalesce((
      select least(case discount_type when 'FIXED' then discount_value
        else (original * discount_value + 5000) / 10000 end, max_discount_amount)
      from coupon where original >= min_order_amount), 0)) as discount
  from (select sum(subtotal)::bigint as original from sold) s
), used as (
  update user_coupons u
  set status = 'USED', used_at = n.at, order_id = $3, payment_id = $3 || '.p'
  from number n
  where u.shop = $1 and u.id = $7 and u.user_id = $2 and u.status = 'AVAILABLE'
    and (u.expires_at is null or u.expires_at > n.at)
  returning u.id, u.coupon_id
), paid as (
  update balances b set amount = b.amount - (s.original - s.discount), updated_at = n.at
  from sum s, number n
  where b.shop = $1 and b.user_id = $2 and b.amount >= s.original - s.discount
  returning b.amount as after_amount
), ordered as (
  insert into orders (shop, id, user_id, status, original_amount, discount_amount, final_amount, user_coupon_id,
    fingerprint, paid_at_once, ordered_at, expires_at, updated_at, user_coupon_status, event_id)
  select $1, $3, $2, 'COMPLETED', original, discount, original - discount, $7, $4, true, at, at, at,
    case when $7::text is not null then 'USED' end, event_id
  from sum, number
), items as (
  insert into order_items (shop, order_id, line, id, option_id, product_id, product_name, option_value, unit_price,
    quantity, subtotal, discount_amount)
  select $1, $3, s.line, $3 || '.' || s.line, s.id, s.product_id, p.name, s.option_value, s.price, s.quantity,
    s.subtotal, case when sum.original = 0 then 0 else
      sum.discount * sum(s.subtotal) over before_or_here / sum.original
      - sum.discount * (sum(s.subtotal) over before_or_here - s.subtotal) / sum.original end
  from sum, sold s join products p on p.shop = $1 and p.id = s.product_id
  window before_or_here as (order by s.line)
), payment as (
  insert into payments (shop, id, order_id, user_id, amount, discount_amount, status, paid_at)
  select $1, $3 || '.p', $3, $2, original - discount, discount, 'PAID', at from sum, number
), stock as (
  insert into product_stock_history (shop, event_id, line, option_id, type, change, order_id, at)
  select $1, event_id, line, id, 'ORDER', -quantity, $3, at from sold, number
), coupons as (
  insert into coupon_history (shop, event_id, line, user_coupon_id, coupon_id, user_id, action, order_id,
    applied_discount, at)
  select $1, event_id, 1, id, coupon_id, $2, 'USED', $3, discount, at from used, sum, number
), history as (
  insert into balance_history (shop, event_id, line, id, user_id, type, amount, before_amount, after_amount,
    order_id, user_coupon_id, at)
  select $1, event_id, 1, $3 || '.d', $2, 'DEDUCT', original - discount, after_amount + original - discount,
    after_amount, $3, $7, at
  from paid, sum, number where original > discount
)
select (original - discount)::float8 as "finalAmount",
  case when (select count(*) from sold) < cardinality($5::text[]) then refuse('sold_out')
    when $7::text is not null and not exists (select from used) then refuse('coupon_unavailable')
    when not exists (select from paid) then refuse('insufficient_balance') end
from sum`,
}

/** SQLSTATE of `refuse`, of a repeated key and of two orders that would have waited for each other. */
const refused = 'P0001'
const duplicate = '23505'
const deadlock = '40P01'

/** Takes the order and its payment, or nothing. */
export async function checkout(pool: Pool, order: Checkout): Promise<Outcome> {
  const { shop, userId, orderId, fingerprint, items, userCouponId = null } = order
  const options = items.map(({ optionId }) => optionId)
  const quantities = items.map(({ quantity }) => quantity)
  const values = [shop, userId, orderId, fingerprint, options, quantities, userCouponId]
  for (;;) {
    try {
      const { rows } = await pool.query<{ finalAmount: number }>({ ...statement, values })
      return { placed: true, finalAmount: rows[0]?.finalAmount ?? 0 }
    } catch (error) {
      const { code, message } = error as Error & { code?: string }
      if (code === refused) return { placed: false, code: message }
      if (code === duplicate) return { placed: false, code: 'repeated' }
      if (code !== deadlock) throw error
    }
  }
}
