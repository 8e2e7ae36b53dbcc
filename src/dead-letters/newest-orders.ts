import type { EntityManager } from '@mikro-orm/postgresql'
import type { Database } from '../db/database.ts'
import { eventIdOf } from '../db/event-id.ts'
import { findStoredOrders } from '../db/orders.ts'
import type { OrderRecord } from '../domain/events.ts'
import type { StoredOrder } from '../domain/stored-order.ts'
import { decodeEntry } from '../rows/outbox-entry.ts'
import { findLettersOfOrders } from './dead-letters.ts'

/**
 * Orders that have left Redis, as their last event made them, in the order of the ids; null for one that is not there.
 * Where that event is an open dead letter the rows lack it, but it was accepted and its effect stands: whoever asks
 * for the order is told what was decided, and nobody gets the same money back twice.
 */
export async function findNewestOrders(
  em: EntityManager,
  shop: string,
  orderIds: readonly string[],
): Promise<(StoredOrder | null)[]> {
  // First, because a retry makes rows of letters: what is gone here is in the rows.
  const letters = await findLettersOfOrders(em.getKysely<unknown>() as Database, shop, orderIds)
  const stored = await findStoredOrders(em, shop, orderIds)
  const letterOf = new Map(letters.map((letter) => [letter.orderId, letter]))
  return orderIds.map((id, index) => {
    const rows = stored[index] ?? null
    const letter = letterOf.get(id)
    if (!letter || (rows && eventIdOf(rows.eventId) >= BigInt(letter.eventId))) return rows
    const { type, version, data } = letter
    const { event } = decodeEntry({ streamId: letter.id, type, version: version ?? '', data })
    return event ? { order: event.data as OrderRecord, eventId: letter.id } : rows
  })
}
