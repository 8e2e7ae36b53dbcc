import type { EventData, OrderRecord } from '../domain/events.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { seeUser } from './row-changes.ts'

export function cartChanged(
  rows: OutboxRows,
  eventId: string,
  line: EventData<'cart_changed'>,
): void {
  const { userId, optionId, quantity, at } = line
  seeUser(rows, userId, at)
  if (quantity === 0) {
    takeOut(rows, userId, optionId)
    return
  }
  const key = keyOf(userId, optionId)
  const known = rows.cartItems.get(key)
  rows.cartItems.set(key, {
    user_id: userId,
    option_id: optionId,
    quantity,
    created_at: known?.created_at ?? at,
    updated_at: at,
    event_id: known?.event_id ?? eventId,
  })
}

/** The order of a cart took all of its lines out of it. */
export function cartOrdered(rows: OutboxRows, order: OrderRecord): void {
  for (const { optionId } of order.items) takeOut(rows, order.userId, optionId)
}

/** A line that comes back later in the batch is a new one, so the old row goes in any case. */
function takeOut(rows: OutboxRows, userId: string, optionId: string): void {
  const key = keyOf(userId, optionId)
  rows.cartItems.delete(key)
  rows.cartRemovals.set(key, { user_id: userId, option_id: optionId })
}

function keyOf(userId: string, optionId: string): string {
  return `${userId}:${optionId}`
}
