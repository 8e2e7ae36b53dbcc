import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import { storedStub } from '../../src/verify/order-stubs.ts'
import { eachPage, type ShopLoad } from './pages.ts'

type HotOrder = {
  key: string
  expiresAt: string
  /** Of a pending order. */
  record: object | null
  /** Of a finished one; null as well where the row only ends its page. */
  stub: string | null
  /** Whether it had been dropped from `orders` before one of its refunds: then it lies among the operations. */
  isLate: boolean
}

/**
 * Pending orders and their deadlines, and stubs of finished ones, which are there as long as they answer repeated
 * requests.
 */
export async function loadOrders(load: ShopLoad): Promise<void> {
  const { hot } = load
  await eachPage(
    load,
    '',
    (after) => pageOfOrders(load, after),
    (rows) => {
      const kept = rows.flatMap(({ key, record, stub, isLate }) => {
        const text = record === null ? stub : JSON.stringify(record)
        return text === null ? [] : [{ key, text, isLate }]
      })
      // In the order of their ids: where a key was used again, its last order is the one that is kept.
      hot.setFields(
        'orders',
        kept.filter(({ isLate }) => !isLate).flatMap(({ key, text }) => [key.slice(11), text]),
      )
      hot.setFields(
        'operations',
        kept.filter(({ isLate }) => isLate).flatMap(({ key, text }) => [key, text]),
      )
      hot.addMembers(
        'holds',
        rows
          .filter(({ record }) => record !== null)
          .flatMap(({ key, expiresAt }) => [expiresAt, key.slice(11)]),
      )
    },
  )
}

function pageOfOrders({ shop, now }: ShopLoad, after: string) {
  const retentionMs = limits.idempotencyRetentionMs
  const hotFrom = new Date(now.getTime() - retentionMs).toISOString()
  return sql<HotOrder>`
    with page as materialized (
      select o.*, status = 'PENDING' as is_pending,
        status <> 'PENDING' and updated_at >= ${hotFrom}::timestamptz as is_kept
      from orders o where shop = ${shop} and id > ${after}
      order by id limit ${limits.rebuildRecordsMax}
    )
    select o.id as key, ${msOf('o.expires_at')} as "expiresAt",
      coalesce(refunds.is_late, false) as "isLate",
      case when o.is_kept then ${storedStub()} end as stub,
      case when o.is_pending then jsonb_strip_nulls(jsonb_build_object(
        'id', o.id, 'userId', o.user_id, 'status', o.status, 'fingerprint', o.fingerprint,
        'paidAtOnce', o.paid_at_once, 'fromCart', case when o.from_cart then true end,
        'items', items.list, 'originalAmount', o.original_amount,
        'discountAmount', o.discount_amount, 'finalAmount', o.final_amount,
        'userCouponId', o.user_coupon_id, 'userCouponStatus', o.user_coupon_status,
        'orderedAt', ${msOf('o.ordered_at')}, 'expiresAt', ${msOf('o.expires_at')}
      )) end as record
    from page o
    left join lateral (
      select jsonb_agg(jsonb_build_object(
        'id', i.id, 'optionId', option_id, 'productId', product_id,
        'productName', product_name, 'productRevision', product_revision,
        'optionValue', option_value, 'unitPrice', unit_price, 'quantity', quantity,
        'subtotal', subtotal, 'discountAmount', i.discount_amount
      ) order by line) as list
      from order_items i where i.shop = o.shop and i.order_id = o.id
    ) items on o.is_pending
    left join lateral (
      select p.paid_at from payments p
      where p.shop = o.shop and p.order_id = o.id and p.status <> 'PAID'
    ) payment on o.is_kept
    left join lateral (
      select bool_or(gap > ${`${retentionMs} milliseconds`}::interval) as is_late
      from (
        select at - lag(at, 1, payment.paid_at) over (order by event_id) as gap
        from refunds where shop = o.shop and order_id = o.id
      ) refund
    ) refunds on payment.paid_at is not null
    where o.is_pending or o.is_kept or o.id = (select max(id) from page)
    order by o.id`
}
