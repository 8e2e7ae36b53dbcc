import { findOrder, findStoredOrder } from '../db/orders.ts'
import type { OrderRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import type { FindStoredOrder } from '../domain/stored-order.ts'
import { readOrder } from '../engine/read-orders.ts'
import type { Dependencies } from './dependencies.ts'
import type { Caller } from './environment.ts'
import { expireLapsed, hasLapsed } from './lapsed-orders.ts'

type Stores = Pick<Dependencies, 'redis' | 'orm'>

/** How a decision finds an order of a shop that has left Redis. */
export function findIn(orm: Dependencies['orm'], shop: string): FindStoredOrder {
  return async (orderId) => {
    if (operationOfOrder(orderId) === null) return null
    return findStoredOrder(orm.em.fork(), shop, orderId)
  }
}

/**
 * An order that the caller may see: an own one, or for an admin any of the shop. Null where there is none. It is not
 * pending after its deadline.
 */
export async function findVisibleOrder(
  stores: Stores & Pick<Dependencies, 'engine'>,
  caller: Caller,
  orderId: string,
): Promise<OrderRecord | null> {
  const order = await readVisibleOrder(stores, caller, orderId)
  if (!order || !hasLapsed(order)) return order
  await expireLapsed(stores.engine, caller.shop)
  return readVisibleOrder(stores, caller, orderId)
}

async function readVisibleOrder(
  stores: Stores,
  caller: Caller,
  orderId: string,
): Promise<OrderRecord | null> {
  const order = await readAnyOrder(stores, caller.shop, orderId)
  return order && (caller.role === 'admin' || order.userId === caller.userId) ? order : null
}

async function readAnyOrder(
  { redis, orm }: Stores,
  shop: string,
  orderId: string,
): Promise<OrderRecord | null> {
  if (operationOfOrder(orderId) === null) return null
  return (await readOrder(redis, shop, orderId)) ?? (await findOrder(orm.em.fork(), shop, orderId))
}
