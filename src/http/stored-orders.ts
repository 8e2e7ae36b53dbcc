import { findOrder } from '../db/orders.ts'
import type { OrderRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { readOrder } from '../engine/reads.ts'
import type { Dependencies } from './dependencies.ts'
import type { Caller } from './environment.ts'
import { expireLapsed, hasLapsed } from './lapsed-orders.ts'

type Stores = Pick<Dependencies, 'engine' | 'redis' | 'orm'>

/**
 * An order that the caller may see: an own one, or for an admin any of the shop. Null where there is none. It is not
 * pending after its deadline.
 */
export async function findVisibleOrder(
  stores: Stores,
  caller: Caller,
  orderId: string,
): Promise<OrderRecord | null> {
  const order = await readVisibleOrder(stores, caller, orderId)
  if (!order || !hasLapsed(order)) return order
  await expireLapsed(stores.engine, caller.shop)
  return readVisibleOrder(stores, caller, orderId)
}

async function readVisibleOrder(
  { redis, orm }: Stores,
  caller: Caller,
  orderId: string,
): Promise<OrderRecord | null> {
  if (operationOfOrder(orderId) === null) return null
  const order =
    (await readOrder(redis, caller.shop, orderId)) ??
    (await findOrder(orm.em.fork(), caller.shop, orderId))
  return order && (caller.role === 'admin' || order.userId === caller.userId) ? order : null
}

/** The caller's own order where it has left Redis, and only Postgres knows how it ended. */
export async function findStoredOrder(
  { orm }: Pick<Stores, 'orm'>,
  caller: Caller,
  orderId: string,
): Promise<OrderRecord | null> {
  if (operationOfOrder(orderId) === null) return null
  const order = await findOrder(orm.em.fork(), caller.shop, orderId)
  return order?.userId === caller.userId ? order : null
}
