import { sql } from 'kysely'
import type { OrderRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { shopKey } from '../redis/keys.ts'
import { hashSide, type Mirror, orderOf, pageOfKeys } from './mirror.ts'
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

/** The status of every order that is hot. Finished orders may leave Redis once Postgres has them. */
export function orderMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `order ${id}`,
    absent: {},
    mayBeGone: ({ status }) => status !== 'PENDING',
    hot: hashSide(shopKey(shop, 'orders'), {
      idOf: (field, value) => parseOrder(value)?.id ?? field,
      fieldsOf: (id) => [operationOfOrder(id) ?? id],
      factsOf([value], id) {
        const order = parseOrder(value ?? '')
        if (!order) return { status: 'unreadable' }
        return order.id === id ? { status: order.status } : null
      },
    }),
    persisted: {
      keys: (after) =>
        pageOfKeys(shop, { table: 'orders', column: 'id', where: sql`status = 'PENDING'` }, after),
      keyOf: (id) => id,
      rows: (ids) => sql`
        select id, jsonb_build_object('status', status) as facts
        from orders where shop = ${shop} and id = any(${ids})`,
    },
    apply(event, find) {
      const order = orderOf(event)
      const facts = order && find(order.id)
      if (facts) facts.status = order.status
    },
  }
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
