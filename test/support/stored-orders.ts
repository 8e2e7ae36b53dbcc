import type { EntityManager } from '@mikro-orm/postgresql'
import { findNewestOrders } from '../../src/dead-letters/newest-orders.ts'
import type { OrderRecord } from '../../src/domain/events.ts'
import type { StoredOrder } from '../../src/domain/stored-order.ts'

/** An order as Postgres has it, in rows or in a dead letter, with its last event there, or null. */
export async function findStoredOrder(
  em: EntityManager,
  shop: string,
  orderId: string,
): Promise<StoredOrder | null> {
  return (await findNewestOrders(em, shop, [orderId]))[0] ?? null
}

/** The order alone. */
export async function findOrder(
  em: EntityManager,
  shop: string,
  orderId: string,
): Promise<OrderRecord | null> {
  return (await findStoredOrder(em, shop, orderId))?.order ?? null
}
