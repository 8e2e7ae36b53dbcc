import { sql } from 'kysely'
import type { OrderRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { parseOrderStub } from '../engine/order-stub.ts'
import { shopKey } from '../redis/keys.ts'
import {
  type Facts,
  type Mirror,
  msOf,
  orderOf,
  pageOfKeys,
  put,
  recordFacts,
  scanHash,
} from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/** Every order's amounts are those of its lines, and exactly the completed ones are paid, once and in full. */
export function orderFacts(shop: string): RowFacts {
  return sql`
    select 'order ' || order_id as "row", fact.fact, fact.actual::text, fact.expected::text
    from (
      select id as order_id, original_amount, discount_amount, final_amount,
        status in ('COMPLETED', 'REFUNDED') as is_paid
      from orders where shop = ${shop}
    ) orders
    left join (
      select order_id, sum(subtotal) as subtotal, sum(discount_amount) as discount
      from order_items where shop = ${shop} group by order_id
    ) items using (order_id)
    left join (
      select order_id, count(*) as payments, sum(amount) as paid
      from payments where shop = ${shop} group by order_id
    ) payments using (order_id)
    full join (
      select order_id, count(*) as deductions, sum(amount) as deducted
      from balance_history where shop = ${shop} and type = 'DEDUCT' group by order_id
    ) deductions using (order_id)
    cross join lateral (values
      ('final amount against original - discount', final_amount, original_amount - discount_amount),
      ('original amount against its items', original_amount, coalesce(subtotal, 0)),
      ('discount against its items', discount_amount, coalesce(discount, 0)),
      ('payments, one where completed', coalesce(payments, 0), is_paid::int),
      ('amount of the payment', coalesce(paid, 0), case when is_paid then final_amount else 0 end),
      ('deductions, one where something was to pay',
        coalesce(deductions, 0), (is_paid and final_amount > 0)::int),
      ('deducted amount', coalesce(deducted, 0), case when is_paid then final_amount else 0 end)
    ) fact (fact, actual, expected)`
}

/**
 * What was paid back of an order is what was paid back of its items, and says how the order and its payment stand. An
 * order without any sign of a refund has nothing to prove here.
 */
export function refundedOrderFacts(shop: string): RowFacts {
  return sql`
    select 'order ' || id as "row", fact.fact, fact.actual, fact.expected
    from (select id, status, refunded_amount from orders where shop = ${shop}) orders
    left join (
      select order_id as id, status as payment_status, amount as paid
      from payments where shop = ${shop}
    ) payments using (id)
    left join (
      select order_id as id, sum(refunded_amount) as refunded,
        bool_or(refunded_quantity > 0) as has_refunds,
        bool_and(refunded_quantity = quantity) as is_whole
      from order_items where shop = ${shop} group by order_id
    ) items using (id)
    cross join lateral (values
      ('refunded amount against its items', refunded_amount::text, coalesce(refunded, 0)::text),
      ('refunded amount, not above what was paid',
        refunded_amount::text, least(refunded_amount, coalesce(paid, 0))::text),
      ('status, refunded where every unit is', status,
        case when is_whole then 'REFUNDED' when status = 'REFUNDED' then 'COMPLETED'
          else status end),
      ('status of its payment', payment_status,
        case when is_whole then 'REFUNDED' when has_refunds then 'PARTIALLY_REFUNDED'
          else 'PAID' end)
    ) fact (fact, actual, expected)
    where status = 'REFUNDED' or payment_status <> 'PAID' or refunded_amount > 0
      or refunded > 0 or has_refunds`
}

/**
 * Every order that Redis has as a whole: the pending ones, and finished ones that an earlier version left there, with
 * what was paid back of them. See src/verify/order-stubs.ts for the others.
 */
export function orderMirror(shop: string): Mirror {
  const orders = shopKey(shop, 'orders')
  const operations = shopKey(shop, 'operations')
  return {
    nameOf: (id) => `order ${id}`,
    absent: {},
    mayBeGone: ({ status }) => status !== 'PENDING',
    hot: {
      async *scan(redis) {
        for await (const chunk of scanHash(redis, orders)) {
          yield chunk
            .filter(([field, value]) => !parseOrderStub(field, value))
            .map(([field, value]) => parseOrder(value)?.id ?? field)
        }
        for await (const chunk of scanHash(redis, operations)) {
          yield chunk.map(([field]) => field).filter((field) => operationOfOrder(field) !== null)
        }
      },
      read(commands, ids) {
        const operationIds = ids.map((id) => operationOfOrder(id) ?? id)
        commands.hmget(orders, ...operationIds).hmget(operations, ...ids)
        return (replies) => {
          const [records, late] = replies as (string | null)[][]
          return ids.map(
            (id, index) => hotFacts(id, records?.[index]) ?? hotFacts(id, late?.[index]),
          )
        }
      },
    },
    persisted: {
      keys: (after) =>
        pageOfKeys(shop, { table: 'orders', column: 'id', where: sql`status = 'PENDING'` }, after),
      // Lateral and with an offset, because the planner would otherwise read all payments for every page.
      rows: (ids) => sql`
        select o.id, jsonb_strip_nulls(jsonb_build_object(
          'status', o.status, 'payment', payment.status,
          'refundedAmount', nullif(o.refunded_amount, 0), 'user', o.user_id,
          'originalAmount', o.original_amount, 'discountAmount', o.discount_amount,
          'finalAmount', o.final_amount, 'paid', payment.amount, 'user coupon', o.user_coupon_id,
          'expiresAt', case o.status when 'PENDING' then ${msOf('o.expires_at')} end
        )) || lines.facts || coalesce(refunded.units, '{}')
          || coalesce(refunded.restocked, '{}') || coalesce(refunded.amounts, '{}') as facts
        from orders o
        left join lateral (
          select p.status, p.amount from payments p where p.shop = o.shop and p.order_id = o.id offset 0
        ) payment on true
        left join lateral (
          select jsonb_object_agg('line ' || i.id, concat(
            quantity, ' of option ', option_id, ' at ', unit_price, ', subtotal ', subtotal,
            ', discount ', discount_amount, ', revision ', product_revision, ' of ', product_id
          )) as facts
          from order_items i where i.shop = o.shop and i.order_id = o.id offset 0
        ) lines on true
        left join lateral (
          select jsonb_object_agg('refunded amount of ' || i.id, refunded_amount)
              filter (where refunded_amount > 0) as amounts,
            jsonb_object_agg('refunded units of ' || i.id, refunded_quantity) as units,
            jsonb_object_agg('restocked units of ' || i.id, restocked_quantity)
              filter (where restocked_quantity > 0) as restocked
          from order_items i
          where payment.status <> 'PAID' and i.shop = o.shop and i.order_id = o.id
            and i.refunded_quantity > 0
        ) refunded on true
        where o.shop = ${shop} and o.id = any(${ids})`,
    },
    apply(event, entities) {
      const order = orderOf(event)
      if (order) put(entities.get(order.id), factsOfOrder(order))
    },
  }
}

/** The facts of a record, or null where there is none or it is another order's. */
function hotFacts(id: string, record: string | null | undefined): Facts | null {
  if (record === null || record === undefined || parseOrderStub(id, record)) return null
  const order = parseOrder(record)
  if (order && order.id !== id) return null
  return recordFacts(record, factsOfOrder)
}

function factsOfOrder(order: OrderRecord) {
  const { status, payment, items } = order
  const lines = items.flatMap((item) => [
    [`line ${item.id}`, lineOf(item)],
    [`refunded units of ${item.id}`, item.refundedQuantity || null],
    [`restocked units of ${item.id}`, item.restockedQuantity || null],
    [`refunded amount of ${item.id}`, item.refundedAmount || null],
  ])
  return {
    status,
    payment: payment?.status,
    paid: payment?.amount,
    refundedAmount: order.refundedAmount || null,
    user: order.userId,
    originalAmount: order.originalAmount,
    discountAmount: order.discountAmount,
    finalAmount: order.finalAmount,
    'user coupon': order.userCouponId,
    expiresAt: status === 'PENDING' ? order.expiresAt : null,
    ...Object.fromEntries(lines),
  }
}

/** What was ordered. Records of the time before there were revisions are of the first. */
function lineOf(
  item: Omit<OrderRecord['items'][number], 'productRevision'> & { productRevision?: number },
) {
  const { optionId, productId, unitPrice, quantity, subtotal, discountAmount } = item
  return (
    `${quantity} of option ${optionId} at ${unitPrice}, subtotal ${subtotal}, ` +
    `discount ${discountAmount}, revision ${item.productRevision ?? 1} of ${productId}`
  )
}

/** A hot order, or null where the text is none. */
export function parseOrder(
  text: string,
): Pick<OrderRecord, 'id' | 'status' | 'userId' | 'expiresAt'> | null {
  try {
    const order = JSON.parse(text)
    return typeof order.id === 'string' ? order : null
  } catch {
    return null
  }
}
