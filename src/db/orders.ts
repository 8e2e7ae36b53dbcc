import type { EntityManager, InferEntity } from '@mikro-orm/postgresql'
import type { OrderRecord } from '../domain/events.ts'
import type { StoredOrder } from '../domain/stored-order.ts'
import { cutPage, decodeCursor, type Page } from './cursor.ts'
import { Order, OrderItem, Payment } from './entities/orders.ts'
import { streamIdOf } from './event-id.ts'

const orderIdPattern = /^[0-9a-f]{11}[A-Za-z0-9_-]{22}$/

/**
 * Persisted orders in the shape in which they were decided, in the order of the ids, null for one that is not there;
 * with as many queries as one takes. They may lag behind Redis by the drain, and what only an order's last decision
 * was about is not part of it. Each comes with the id of the last event that Postgres has of it, as its stub in Redis
 * names it.
 */
export async function findStoredOrders(
  em: EntityManager,
  shop: string,
  orderIds: readonly string[],
): Promise<(StoredOrder | null)[]> {
  const ofIds = { shop, id: { $in: [...new Set(orderIds)] } }
  const rows = await em.find(Order, ofIds, { disableIdentityMap: true })
  const records = await orderRecords(em, shop, rows)
  const found = new Map(
    rows.map(({ id, eventId, updatedAt }, index) => {
      const lastEvent = eventId == null ? `${updatedAt.getTime()}-0` : streamIdOf(eventId)
      return [id, { order: records[index] as OrderRecord, eventId: lastEvent }]
    }),
  )
  return orderIds.map((id) => found.get(id) ?? null)
}

/** A user's persisted orders, newest first. `bad_cursor` where the cursor is none of this list. */
export async function listOrders(
  em: EntityManager,
  shop: string,
  userId: string,
  page: { status?: OrderRecord['status'] | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<OrderRecord> | 'bad_cursor'> {
  const before = page.cursor === undefined ? undefined : decodeCursor(page.cursor, orderIdPattern)
  if (before === null) return 'bad_cursor'
  const orders = await em.find(
    Order,
    {
      shop,
      userId,
      ...(before !== undefined && { id: { $lt: before } }),
      ...(page.status !== undefined && { status: page.status }),
    },
    { orderBy: { id: 'desc' }, limit: page.limit + 1, disableIdentityMap: true },
  )
  const records = await orderRecords(em, shop, orders)
  return cutPage(records, page.limit, { keyOf: (order) => order.id, itemOf: (order) => order })
}

async function orderRecords(
  em: EntityManager,
  shop: string,
  orders: InferEntity<typeof Order>[],
): Promise<OrderRecord[]> {
  if (orders.length === 0) return []
  const ofOrders = { shop, orderId: { $in: orders.map(({ id }) => id) } }
  // One after the other: at once they would take a connection each, which is what a rush is short of.
  const items = await em.find(OrderItem, ofOrders, {
    orderBy: { line: 'asc' },
    disableIdentityMap: true,
  })
  const payments = await em.find(Payment, ofOrders, { disableIdentityMap: true })
  const itemsOf = Map.groupBy(items, ({ orderId }) => orderId)
  const paymentOf = new Map(payments.map((payment) => [payment.orderId, payment]))
  return orders.map((order) =>
    orderRecord(order, itemsOf.get(order.id) ?? [], paymentOf.get(order.id)),
  )
}

function orderRecord(
  order: InferEntity<typeof Order>,
  items: InferEntity<typeof OrderItem>[],
  payment: InferEntity<typeof Payment> | undefined,
): OrderRecord {
  return {
    id: order.id,
    userId: order.userId,
    status: order.status,
    fingerprint: order.fingerprint,
    paidAtOnce: order.paidAtOnce,
    items: items.map(itemRecord),
    originalAmount: order.originalAmount,
    discountAmount: order.discountAmount,
    finalAmount: order.finalAmount,
    ...(order.fromCart && { fromCart: true }),
    ...(order.userCouponId != null && { userCouponId: order.userCouponId }),
    ...(payment && {
      payment: {
        id: payment.id,
        amount: payment.amount,
        status: payment.status,
        paidAt: payment.paidAt.getTime(),
      },
    }),
    ...(items.some(isRefunded) && { refundedAmount: order.refundedAmount }),
    orderedAt: order.orderedAt.getTime(),
    expiresAt: order.expiresAt.getTime(),
    ...(order.cancelledAt != null && { cancelledAt: order.cancelledAt.getTime() }),
  }
}

function itemRecord(item: InferEntity<typeof OrderItem>): OrderRecord['items'][number] {
  const { refundedQuantity, restockedQuantity, refundedAmount } = item
  return {
    id: item.id,
    optionId: item.optionId,
    productId: item.productId,
    productName: item.productName,
    ...(item.optionValue != null && { optionValue: item.optionValue }),
    unitPrice: item.unitPrice,
    quantity: item.quantity,
    subtotal: item.subtotal,
    discountAmount: item.discountAmount,
    productRevision: item.productRevision,
    ...(isRefunded(item) && { refundedQuantity, restockedQuantity, refundedAmount }),
  }
}

function isRefunded({ refundedQuantity }: InferEntity<typeof OrderItem>): boolean {
  return refundedQuantity > 0
}
