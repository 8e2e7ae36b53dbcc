import type { OrderRecord } from './events.ts'

/** An order as Postgres has it, and the id of the last event that it has of it. */
export type StoredOrder = { order: OrderRecord; eventId: string }

/** How the engine, which knows no Postgres, finds an order there; null where there is none. */
export type FindStoredOrder = (orderId: string) => Promise<StoredOrder | null>

/** The user's own order in Postgres; null where there is none, or somebody else's. */
export async function findOwnStored(
  findStored: FindStoredOrder,
  { userId, orderId }: { userId: string; orderId: string },
): Promise<OrderRecord | null> {
  const stored = await findStored(orderId)
  return stored?.order.userId === userId ? stored.order : null
}
