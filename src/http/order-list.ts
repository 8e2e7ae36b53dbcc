import { decodeCursor, encodeCursor, type Page } from '../db/cursor.ts'
import { listOrders } from '../db/orders.ts'
import type { OrderRecord } from '../domain/events.ts'
import { readOrders, recentOrders } from '../engine/read-orders.ts'
import type { Dependencies } from './dependencies.ts'
import { expireLapsed, hasLapsed } from './lapsed-orders.ts'

type Stores = Pick<Dependencies, 'engine' | 'redis' | 'orm'>

type OrderPage = {
  status?: OrderRecord['status'] | undefined
  limit: number
  cursor?: string | undefined
}

/**
 * A page of a user's orders, newest first. An order is listed the moment it was accepted, with its newest status,
 * and `status` asks for that newest one. None is shown as pending after its deadline.
 *
 * @returns `bad_cursor` where the cursor is none of this list.
 */
export async function listUserOrders(
  stores: Stores,
  shop: string,
  userId: string,
  page: OrderPage,
): Promise<Page<OrderRecord> | 'bad_cursor'> {
  // Such a page does not meet the pending orders that belong on it by now.
  if (page.status === 'EXPIRED') await expireLapsed(stores.engine, shop)
  const found = await readPage(stores, shop, userId, page)
  if (found === 'bad_cursor' || !found.items.some(hasLapsed)) return found
  await expireLapsed(stores.engine, shop)
  return readPage(stores, shop, userId, page)
}

/**
 * What Postgres has, corrected and completed by what Redis knows better. The recent orders are read before the rows:
 * what leaves Redis between the two reads is then in the rows.
 */
async function readPage(
  { redis, orm }: Stores,
  shop: string,
  userId: string,
  page: OrderPage,
): Promise<Page<OrderRecord> | 'bad_cursor'> {
  const recent = await recentOrders(redis, shop, userId)
  const rows = await listOrders(orm.em.fork(), shop, userId, page)
  if (rows === 'bad_cursor') return rows

  const newest = new Map(rows.items.map((order) => [order.id, order]))
  for (const order of await readOrders(redis, shop, [...newest.keys()])) {
    if (order) newest.set(order.id, order)
  }
  // A recent order belongs to this page if it lies between the page's cursor and its last row.
  const before = page.cursor === undefined ? null : decodeCursor(page.cursor, /./)
  const last = rows.nextCursor === null ? '' : (rows.items.at(-1)?.id ?? '')
  for (const order of recent) {
    if (order.id >= last && (before === null || order.id < before)) newest.set(order.id, order)
  }

  const found = [...newest.values()]
    .filter((order) => page.status === undefined || order.status === page.status)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
  const items = found.slice(0, page.limit)
  const cut = items.at(-1)
  const isCut = cut !== undefined && found.length > items.length
  return { items, nextCursor: isCut ? encodeCursor(cut.id) : rows.nextCursor }
}
