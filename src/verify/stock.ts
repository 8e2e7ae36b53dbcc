import { sql } from 'kysely'
import { limits } from '../limits.ts'
import { shopKey } from '../redis/keys.ts'
import { add, hashSide, type Mirror, orderOf, pageOfKeys, put, refundedItems } from './mirror.ts'
import type { RowFacts } from './row-facts.ts'

/**
 * Every unit that was ever supplied is free, held by a pending order or sold by a completed one. A unit whose money
 * went back is sold until it is back on sale.
 */
export function stockFacts(shop: string): RowFacts {
  return sql`
    select 'option ' || option_id as "row", fact.fact, fact.actual::text, fact.expected::text
    from (select id as option_id, stock, held, sold from product_options where shop = ${shop}) options
    full join (
      select option_id, sum(change) as change,
        sum(change) filter (where type in ('INITIAL', 'ADJUST')) as supplied
      from product_stock_history where shop = ${shop} group by option_id
    ) history using (option_id)
    full join (
      select i.option_id,
        sum(i.quantity) filter (where o.status = 'PENDING') as pending,
        sum(i.quantity - i.restocked_quantity)
          filter (where o.status in ('COMPLETED', 'REFUNDED')) as completed
      from orders o join order_items i on i.shop = o.shop and i.order_id = o.id
      where o.shop = ${shop} group by i.option_id
    ) ordered using (option_id)
    cross join lateral (values
      ('stock + held + sold against the supply in the stock history',
        stock + held + sold, coalesce(supplied, 0)),
      ('stock against the sum of its history', stock, coalesce(change, 0)),
      ('held against pending orders', held, coalesce(pending, 0)),
      ('sold against completed orders', sold, coalesce(completed, 0)),
      ('least of stock, held and sold, not below zero',
        least(stock, held, sold), greatest(least(stock, held, sold), 0))
    ) fact (fact, actual, expected)`
}

/** The counters of every option. */
export function stockMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `option ${id}`,
    absent: {},
    hot: hashSide(shopKey(shop, 'options'), {
      idOf: (field) => (field.includes(':') ? null : field),
      fieldsOf: (id) => [`${id}:free`, `${id}:held`, `${id}:sold`],
      factsOf: ([free, held, sold]) => ({
        free: free ?? 'none',
        held: held ?? 'none',
        sold: sold ?? 'none',
      }),
    }),
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'product_options', column: 'id' }, after),
      rows: (ids) => sql`
        select id, jsonb_build_object('free', stock, 'held', held, 'sold', sold) as facts
        from product_options where shop = ${shop} and id = any(${ids})`,
      fields: {
        hash: shopKey(shop, 'options'),
        // Three counters, and the option's facts are the fourth.
        share: 3 / 4,
        idOf: (field) => field.slice(0, field.indexOf(':')),
        page: (after) => sql`
          select max(id) as last,
            string_agg(concat_ws(E'\\n', id || ':free', id || ':held', id || ':sold'), E'\\n') as fields,
            string_agg(concat_ws(E'\\n', stock, held, sold), E'\\n') as values
          from (
            select id, stock, held, sold from product_options where shop = ${shop} and id > ${after}
            order by id limit ${Math.floor(limits.verifyFieldsPage / 3)}
          ) page having count(*) > 0`,
      },
    },
    apply(event, options) {
      if (event.type === 'product_created') {
        for (const { id, stock } of event.data.options) {
          put(options.get(id), { free: stock, held: 0, sold: 0 })
        }
      }
      if (event.type === 'stock_adjusted') {
        add(options.get(event.data.optionId), 'free', event.data.change)
      }
      if (event.type === 'order_refunded') {
        if (!event.data.refund.restock) return
        for (const { item, quantity } of refundedItems(event.data)) {
          add(options.get(item.optionId), 'sold', -quantity)
          add(options.get(item.optionId), 'free', quantity)
        }
        return
      }
      const order = orderOf(event)
      for (const { optionId, quantity } of order?.items ?? []) {
        const facts = options.get(optionId)
        if (event.type === 'order_placed') {
          add(facts, 'free', -quantity)
          add(facts, order?.status === 'COMPLETED' ? 'sold' : 'held', quantity)
        } else {
          add(facts, 'held', -quantity)
          add(facts, event.type === 'order_paid' ? 'sold' : 'free', quantity)
        }
      }
    },
  }
}
