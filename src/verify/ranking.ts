import { sql } from 'kysely'
import { limits } from '../limits.ts'
import { salesKey } from '../redis/keys.ts'
import { add, type Mirror, orderOf, pageOfKeys, refundedItems, scanSortedSet } from './mirror.ts'

/**
 * The units of a product that were paid on a UTC day and not paid back since, for every day that popular products
 * may ask for. An entity is `<YYYY-MM-DD>:<product>`.
 *
 * @param now the clock of Redis: it dates the sales.
 */
export function rankingMirror(shop: string, now: Date): Mirror {
  const days = Array.from({ length: limits.rankingDaysMax }, (_, ago) =>
    dayOf(now.getTime() - ago * 86_400_000),
  )
  const first = `${days.at(-1)}T00:00:00Z`
  return {
    nameOf: (id) => `sales of product ${productOf(id)} on ${id.slice(0, id.indexOf(':'))}`,
    absent: { units: 0 },
    hot: {
      async *scan(redis) {
        // A sale after the last midnight is in motion anyway, so one day more costs nothing.
        for (const day of [dayOf(now.getTime() + 86_400_000), ...days]) {
          for await (const chunk of scanSortedSet(redis, keyOfDay(shop, day))) {
            yield chunk.map(([productId]) => `${day}:${productId}`)
          }
        }
      },
      read(commands, ids) {
        for (const id of ids) {
          commands.zscore(keyOfDay(shop, id.slice(0, id.indexOf(':'))), productOf(id))
        }
        return (replies) =>
          replies.map((units) => (units === null ? null : { units: Number(units) }))
      },
    },
    persisted: {
      keys: (after) => pageOfKeys(shop, { table: 'products', column: 'id' }, after),
      keyOf: productOf,
      // The shop comes from a subquery, so that the planner does not look it up in its statistics: one that is newer
      // than those counts for empty there, and loops over 6,000 orders took a minute.
      rows: (productIds) => sql`
        select to_char(p.paid_at at time zone 'UTC', 'YYYY-MM-DD') || ':' || i.product_id as id,
          jsonb_build_object('units', sum(i.quantity - i.refunded_quantity)) as facts
        from payments p
        join orders o on o.shop = p.shop and o.id = p.order_id
        join order_items i on i.shop = p.shop and i.order_id = p.order_id
        where p.shop = (select ${shop}::text) and p.paid_at >= ${first}::timestamptz
          and o.status in ('COMPLETED', 'REFUNDED') and i.product_id = any(${productIds})
        group by 1, i.product_id`,
    },
    apply(event, sales) {
      const order = orderOf(event)
      if (!order?.payment) return
      const day = dayOf(order.payment.paidAt)
      if (event.type === 'order_refunded') {
        for (const { item, quantity } of refundedItems(event.data)) {
          add(sales.get(`${day}:${item.productId}`), 'units', -quantity)
        }
        return
      }
      for (const { productId, quantity } of order.items) {
        add(sales.get(`${day}:${productId}`), 'units', quantity)
      }
    },
  }
}

function productOf(id: string): string {
  return id.slice(id.indexOf(':') + 1)
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10)
}

function keyOfDay(shop: string, day: string): string {
  return salesKey(shop, new Date(`${day}T00:00:00Z`))
}
