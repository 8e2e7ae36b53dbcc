import { sql } from 'kysely'
import { limits } from '../../src/limits.ts'
import { msOf } from '../../src/verify/mirror.ts'
import type { Entry } from './hot-writer.ts'
import { lastRefundRecord } from './operations.ts'
import { eachPage, type ShopLoad } from './pages.ts'

type HotOrder = {
  key: string
  status: string
  expiresAt: string
  /** Null where the row only ends its page. */
  record: object | null
  /** Whether it had left `orders` before one of its refunds: then it lies among the operations. */
  isLate: boolean
}

/**
 * Orders as their last decision left them, and the deadlines of those that are pending. Finished ones are there as long
 * as they answer repeated requests.
 */
export async function loadOrders(load: ShopLoad): Promise<void> {
  const { hot } = load
  await eachPage(
    load,
    '',
    (after) => pageOfOrders(load, after),
    (rows) => {
      const orders = rows.filter(({ record }) => record !== null)
      const fieldsOf = (isLate: boolean) =>
        orders
          .filter((order) => order.isLate === isLate)
          .map(({ key, record }): Entry => [isLate ? key : key.slice(11), JSON.stringify(record)])
      hot.setFields('orders', fieldsOf(false))
      hot.setFields('operations', fieldsOf(true))
      hot.addMembers(
        'holds',
        orders
          .filter(({ status }) => status === 'PENDING')
          .map(({ key, expiresAt }) => [key.slice(11), expiresAt]),
      )
    },
  )
}

function pageOfOrders({ shop, now }: ShopLoad, after: string) {
  const retentionMs = limits.idempotencyRetentionMs
  const hotFrom = new Date(now.getTime() - retentionMs).toISOString()
  return sql<HotOrder>`
    with page as materialized (
      select o.*, status = 'PENDING' or updated_at >= ${hotFrom}::timestamptz as is_hot
      from orders o where shop = ${shop} and id > ${after}
      order by id limit ${limits.rebuildRecordsMax}
    )
    select o.id as key, o.status, ${msOf('o.expires_at')} as "expiresAt",
      coalesce(refund.is_late, false) as "isLate",
      case when o.is_hot then jsonb_strip_nulls(jsonb_build_object(
        'id', o.id, 'userId', o.user_id, 'status', o.status, 'fingerprint', o.fingerprint,
        'paidAtOnce', o.paid_at_once, 'fromCart', case when o.from_cart then true end,
        'items', items.list, 'originalAmount', o.original_amount,
        'discountAmount', o.discount_amount, 'finalAmount', o.final_amount,
        'userCouponId', o.user_coupon_id, 'userCouponStatus', o.user_coupon_status,
        'payment', payment.record,
        'refundedAmount', case when refund.id is not null then o.refunded_amount end,
        'refund', refund.record, 'balanceChange', change.record,
        'orderedAt', ${msOf('o.ordered_at')}, 'expiresAt', ${msOf('o.expires_at')},
        'cancelledAt', ${msOf('o.cancelled_at')}
      )) end as record
    from page o
    left join lateral (
      select jsonb_agg(jsonb_build_object(
        'id', i.id, 'optionId', option_id, 'productId', product_id,
        'productName', product_name, 'productRevision', product_revision,
        'optionValue', option_value, 'unitPrice', unit_price, 'quantity', quantity,
        'subtotal', subtotal, 'discountAmount', i.discount_amount,
        'refundedQuantity', case when refunded_quantity > 0 then refunded_quantity end,
        'restockedQuantity', case when refunded_quantity > 0 then restocked_quantity end,
        'refundedAmount', case when refunded_quantity > 0 then i.refunded_amount end
      ) order by line) as list
      from order_items i where i.shop = o.shop and i.order_id = o.id
    ) items on o.is_hot
    left join lateral (
      select p.id, p.status, p.paid_at, jsonb_build_object(
        'id', p.id, 'amount', p.amount, 'status', p.status, 'paidAt', ${msOf('p.paid_at')}
      ) as record
      from payments p where p.shop = o.shop and p.order_id = o.id
    ) payment on o.is_hot
    left join lateral (${lastRefundRecord()}) refund on true
    left join lateral (
      select jsonb_build_object(
        'id', h.id, 'amount', h.amount, 'beforeAmount', h.before_amount,
        'afterAmount', h.after_amount
      ) as record
      from balance_history h where h.shop = o.shop and h.id = coalesce(refund.id, payment.id)
    ) change on o.is_hot
    where o.is_hot or o.id = (select max(id) from page)
    order by o.id`
}
