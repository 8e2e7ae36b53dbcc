import { sql } from 'kysely'
import type { RefundRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { shopKey } from '../redis/keys.ts'
import { hashSide, type Mirror, msOf, noKeys, put, recordFacts } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/** What a refund paid back is what it says of its items, and went to the balance of the order's user once. */
export function refundFacts(shop: string): RowFacts {
  return sql`
    select 'refund ' || id as "row", fact.fact, fact.actual, fact.expected
    from (
      select r.id, r.order_id, r.user_id, o.user_id as buyer_id, r.amount
      from refunds r join orders o on o.shop = r.shop and o.id = r.order_id
      where r.shop = ${shop}
    ) refunds
    left join (
      select refund_id as id, sum(amount) as parts
      from refund_items where shop = ${shop} group by refund_id
    ) items using (id)
    full join (
      select id, order_id as credited_order, user_id as credited_user, amount as credited
      from balance_history where shop = ${shop} and type = 'REFUND'
    ) history using (id)
    cross join lateral (values
      ('user, as its order says', user_id, buyer_id),
      ('amount against its items', coalesce(amount, 0)::text, coalesce(parts, 0)::text),
      ('amount in the balance history', coalesce(credited, 0)::text, coalesce(amount, 0)::text),
      ('order in the balance history', credited_order, case when amount > 0 then order_id end),
      ('user in the balance history', credited_user, case when amount > 0 then user_id end)
    ) fact (fact, actual, expected)`
}

/** What came back of an item is what its refunds say, and its share of what was paid, rounded down. */
export function refundedItemFacts(shop: string): RowFacts {
  return sql`
    select 'order item ' || id as "row", fact.fact, fact.actual::text, fact.expected::text
    from (
      select order_id, id, quantity, subtotal - discount_amount as paid,
        refunded_quantity, restocked_quantity, refunded_amount
      from order_items
      where shop = ${shop}
        and (refunded_quantity > 0 or restocked_quantity > 0 or refunded_amount > 0)
    ) items
    full join (
      select r.order_id, i.order_item_id as id, sum(i.quantity) as units,
        sum(i.quantity) filter (where r.restock) as units_restocked, sum(i.amount) as amount
      from refunds r join refund_items i on i.shop = r.shop and i.refund_id = r.id
      where r.shop = ${shop} group by r.order_id, i.order_item_id
    ) parts using (order_id, id)
    cross join lateral (values
      ('refunded quantity against its refunds', coalesce(refunded_quantity, 0), coalesce(units, 0)),
      ('restocked quantity against its refunds',
        coalesce(restocked_quantity, 0), coalesce(units_restocked, 0)),
      ('refunded amount against its refunds', coalesce(refunded_amount, 0), coalesce(amount, 0)),
      ('refunded amount, its share of what was paid',
        refunded_amount, paid * refunded_quantity / quantity)
    ) fact (fact, actual, expected)`
}

/** The records of refunds that answer repeated requests. They leave Redis once Postgres has them. */
export function refundMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `refund ${id}`,
    absent: {},
    mayBeGone: () => true,
    hot: hashSide(shopKey(shop, 'operations'), {
      idOf: (_, value) => refundIdOf(value),
      fieldsOf: (id) => [operationOfOrder(id) ?? id],
      factsOf: ([value], id) => {
        // The field may have been taken by another operation since.
        return value && refundIdOf(value) === id ? recordFacts(value, factsOfRefund) : null
      },
    }),
    persisted: {
      keys: noKeys,
      rows: (ids) => sql`
        select r.id, jsonb_build_object(
          'order', r.order_id, 'user', r.user_id, 'amount', r.amount, 'restock', r.restock,
          'at', ${msOf('r.at')}
        ) || coalesce(parts.facts, '{}') as facts
        from refunds r left join lateral (
          select jsonb_object_agg('units of ' || order_item_id, quantity) as facts
          from refund_items i where i.shop = r.shop and i.refund_id = r.id
        ) parts on true
        where r.shop = ${shop} and r.id = any(${ids})`,
    },
    apply(event, entities) {
      if (event.type !== 'order_refunded') return
      const { refund } = event.data
      put(entities.get(refund.id), factsOfRefund(refund))
    },
  }
}

function factsOfRefund({ orderId, userId, amount, restock, items, at }: RefundRecord) {
  const parts = items.map(({ orderItemId, quantity }) => [`units of ${orderItemId}`, quantity])
  return { order: orderId, user: userId, amount, restock, at, ...Object.fromEntries(parts) }
}

/** The id of a record of a refund, or null for another operation. */
function refundIdOf(record: string): string | null {
  const { id, orderStatus } = recordFacts(record, (stored: Partial<RefundRecord>) => ({
    id: stored.id,
    orderStatus: stored.orderStatus,
  }))
  return orderStatus === undefined || id === undefined ? null : String(id)
}
