import { findNewestOrders } from '../dead-letters/newest-orders.ts'
import type { OrderRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import type { FindStoredOrder, StoredOrder } from '../domain/stored-order.ts'
import { type Batcher, openBatcher } from '../engine/batcher.ts'
import { readOrder } from '../engine/read-orders.ts'
import { limits } from '../limits.ts'
import type { Dependencies, Parts } from './dependencies.ts'
import type { Caller } from './environment.ts'
import { openGenerations } from './generations.ts'
import { expireLapsed, hasLapsed } from './lapsed-orders.ts'

type Stores = Pick<Parts, 'redis' | 'storedOrders'>

/** How orders of a shop that have left Redis are found. */
export type StoredOrders = (shop: string) => FindStoredOrder

/**
 * Opens the way to orders in Postgres, in rows or in dead letters. Those of a shop that are asked for while a query is
 * under way share the next one: every look at a finished order comes here, and a query each would take all connections
 * in a rush.
 */
export function openStoredOrders(orm: Dependencies['orm']): StoredOrders {
  const batchers = openGenerations<Batcher<StoredOrder | null>>(limits.storedOrderShopsMax)
  const open = (shop: string) => {
    const batcher = openBatcher((batch) => findNewestOrders(orm.em.fork(), shop, batch.flat()))
    batchers.set(shop, batcher)
    return batcher
  }
  return (shop) => async (orderId) => {
    if (operationOfOrder(orderId) === null) return null
    return (batchers.get(shop) ?? open(shop)).submit([orderId])
  }
}

/**
 * An order that the caller may see: an own one, or for an admin any of the shop. Null where there is none. It is not
 * pending after its deadline.
 */
export async function findVisibleOrder(
  stores: Stores & Pick<Parts, 'engine'>,
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
  { redis, storedOrders }: Stores,
  shop: string,
  orderId: string,
): Promise<OrderRecord | null> {
  if (operationOfOrder(orderId) === null) return null
  const hot = await readOrder(redis, shop, orderId)
  return hot ?? (await storedOrders(shop)(orderId))?.order ?? null
}
