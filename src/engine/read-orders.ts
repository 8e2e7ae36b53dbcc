import type { OrderRecord } from '../domain/events.ts'
import { operationOfOrder } from '../domain/ids.ts'
import { Unavailable } from '../domain/outcome.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'
import { type OrderStub, parseOrderStub } from './order-stub.ts'
import { ask, readFields } from './reads.ts'
import { fromRecord } from './replies.ts'

/**
 * Reads of orders that Postgres may not have as they are now. Whoever finds null asks Postgres next, and in this order:
 * an order leaves Redis when it is persisted.
 */

/** An order as Redis has it, or null. */
export async function readOrder(
  redis: RedisClient,
  shop: string,
  orderId: string,
): Promise<OrderRecord | null> {
  const [order] = await readOrders(redis, shop, [orderId])
  return order ?? null
}

/** Several orders, in the order of their ids. */
export async function readOrders(
  redis: RedisClient,
  shop: string,
  orderIds: readonly string[],
): Promise<(OrderRecord | null)[]> {
  if (orderIds.length === 0) return []
  const operationIds = orderIds.map((id) => operationOfOrder(id) ?? '')
  const [records, late] = await Promise.all([
    readFields(redis, shop, 'orders', operationIds),
    // Of orders that were refunded after they had been dropped from `orders`.
    readFields(redis, shop, 'operations', orderIds),
  ])
  const kept = orderIds.map((id, index) => {
    const operationId = operationIds[index] as string
    // What is no order's id may be the id of another operation.
    if (operationId === '') return null
    const own = parseKept(operationId, records[index])
    return own && idOf(own) === id ? own : parseKept(id, late[index])
  })
  const stubs = kept.filter((one) => one !== null).filter(isStub)
  const finished = await readEvents(
    redis,
    shop,
    stubs.map(({ eventId }) => eventId),
  )
  const newest = new Map(stubs.map((stub, index) => [stub.orderId, finished[index]]))
  return orderIds.map((id, index) => {
    const one = kept[index] ?? null
    return one && isStub(one) ? (newest.get(id) ?? null) : one
  })
}

/** Whether an operation has placed an order, for as long as its key answers repeated requests. */
export async function hasPlacedOrder(
  redis: RedisClient,
  shop: string,
  operationId: string,
): Promise<boolean> {
  const [record] = await readFields(redis, shop, 'orders', [operationId])
  return record !== null
}

/** The user's newest orders with an event that is not in Postgres yet, newest first. */
export async function recentOrders(
  redis: RedisClient,
  shop: string,
  userId: string,
): Promise<OrderRecord[]> {
  const [recent] = await readFields(redis, shop, 'recents', [userId])
  const events = await readEvents(redis, shop, recentEvents(recent ?? ''))
  const orders = new Map<string, OrderRecord>()
  // The newest event of an order comes first.
  for (const order of events) if (order && !orders.has(order.id)) orders.set(order.id, order)
  return [...orders.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
}

/** The ids of the events in a field of `recents`, newest first. */
export function recentEvents(field: string): string[] {
  return field.split(' ').filter((eventId) => eventId !== '')
}

/** The orders that events of the outbox are about; null where one has been trimmed. */
async function readEvents(
  redis: RedisClient,
  shop: string,
  eventIds: readonly string[],
): Promise<(OrderRecord | null)[]> {
  if (eventIds.length === 0) return []
  const commands = redis.pipeline()
  for (const eventId of eventIds) commands.xrange(shopKey(shop, 'outbox'), eventId, eventId)
  const replies = (await ask(commands.exec())) ?? []
  return replies.map(([error, found]) => {
    if (error) throw new Unavailable('Redis did not answer', { cause: error })
    const [entry] = found as [id: string, fields: string[]][]
    return entry ? fromRecord<OrderRecord>(entry[1][5]) : null
  })
}

function parseKept(field: string, text: string | null | undefined): OrderStub | OrderRecord | null {
  if (text === null || text === undefined) return null
  return parseOrderStub(field, text) ?? fromRecord<OrderRecord>(text)
}

function isStub(kept: OrderStub | OrderRecord): kept is OrderStub {
  return 'orderId' in kept
}

function idOf(kept: OrderStub | OrderRecord): string {
  return isStub(kept) ? kept.orderId : kept.id
}
