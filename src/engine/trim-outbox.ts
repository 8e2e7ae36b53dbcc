import type { Engine } from './engine.ts'

/**
 * Drops the events that Postgres has committed, and the marks of the orders that they were about.
 *
 * @param command.eventId the id of the last committed stream entry.
 * @param command.orders the orders with an event among the committed ones; at most limits.drainEventsMax.
 * @returns how many events were dropped; a closed shop drops none.
 */
export async function trimOutbox(
  engine: Engine,
  command: {
    shop: string
    eventId: string
    orders: readonly { userId: string; operationId: string }[]
  },
): Promise<{ trimmed: number }> {
  const { shop, eventId, orders } = command
  const [status, trimmed] = await engine.decide(
    shop,
    'trim-outbox',
    { eventId },
    orders.flatMap(({ userId, operationId }) => [userId, operationId]),
  )
  return { trimmed: status === 'trimmed' ? Number(trimmed) : 0 }
}
