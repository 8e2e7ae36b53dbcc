import { sql } from 'kysely'
import { parseOrderStub } from '../engine/order-stub.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import type { CheckRecord } from './check.ts'
import {
  add,
  hashSide,
  type Mirror,
  orderOf,
  pageOfKeys,
  refundedItems,
  scanHash,
  scanSortedSet,
} from './mirror.ts'
import { parseOrder } from './orders.ts'
import { run } from './shop.ts'

/** Exactly the pending orders are on hold, each until its deadline. Both sides are in Redis and read in one step. */
export async function compareHolds(
  redis: RedisClient,
  shop: string,
  check: CheckRecord,
): Promise<void> {
  const orders = shopKey(shop, 'orders')
  const holds = shopKey(shop, 'holds')

  async function compare(operationIds: string[]) {
    const [records, deadlines] = (await run(
      redis
        .multi()
        .hmget(orders, ...operationIds)
        .zmscore(holds, ...operationIds),
    )) as [(string | null)[], (string | number | null)[]]
    for (const [index, operationId] of operationIds.entries()) {
      const text = records[index] ?? ''
      const order = parseOrder(text)
      const deadline = deadlines[index] ?? null
      const actual = deadline === null ? null : String(deadline)
      const expected = order?.status === 'PENDING' ? String(order.expiresAt) : null
      if (actual === expected) continue
      const orderId = order?.id ?? parseOrderStub(operationId, text)?.orderId
      const row = `order ${orderId ?? operationId}`
      check.report([{ row, fact: 'deadline of its hold in Redis', actual, expected }])
    }
  }

  for await (const chunk of scanHash(redis, orders)) {
    const pending = chunk.filter(([, value]) => parseOrder(value)?.status === 'PENDING')
    check.count(pending.length)
    if (pending.length > 0) await compare(pending.map(([operationId]) => operationId))
  }
  // The other way round: a hold whose order is not pending, or gone.
  for await (const chunk of scanSortedSet(redis, holds)) {
    await compare(chunk.map(([operationId]) => operationId))
  }
}

/** The units of an option that a user has in orders that are not undone. An entity is `<option>:<user>`. */
export function purchaseMirror(shop: string): Mirror {
  return {
    nameOf: (id) => `purchases of option ${id.replace(':', ' by user ')}`,
    absent: { units: 0 },
    hot: hashSide(shopKey(shop, 'purchases'), { factsOf: ([units]) => ({ units: units ?? 0 }) }),
    persisted: {
      keys: (after) =>
        pageOfKeys(shop, { table: 'orders', column: 'user_id', repeats: true }, after),
      keyOf: (id) => id.slice(id.indexOf(':') + 1),
      // Lateral and with its own offset, because the planner would otherwise read all items for every page.
      rows: (userIds) => sql`
        select i.option_id || ':' || o.user_id as id,
          jsonb_build_object('units', sum(i.quantity - i.refunded_quantity)) as facts
        from orders o cross join lateral (
          select option_id, quantity, refunded_quantity from order_items i
          where i.shop = o.shop and i.order_id = o.id offset 0
        ) i
        where o.shop = ${shop} and o.user_id = any(${userIds})
          and o.status in ('PENDING', 'COMPLETED', 'REFUNDED')
        group by i.option_id, o.user_id`,
    },
    apply(event, purchases) {
      const order = orderOf(event)
      if (!order || event.type === 'order_paid') return
      if (event.type === 'order_refunded') {
        for (const { item, quantity } of refundedItems(event.data)) {
          add(purchases.get(`${item.optionId}:${order.userId}`), 'units', -quantity)
        }
        return
      }
      const sign = event.type === 'order_placed' ? 1 : -1
      for (const { optionId, quantity } of order.items) {
        add(purchases.get(`${optionId}:${order.userId}`), 'units', sign * quantity)
      }
    },
  }
}
