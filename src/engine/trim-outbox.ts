import type { Engine } from './engine.ts'

/**
 * Drops the events that Postgres has committed, and the marks of the orders that they were about.
 *
 * @param command.eventId the id of the last committed stream entry.
 * @param command.userIds the users with an order event among the committed ones; no user twice, and at most
 *   limits.drainEventsMax.
 * @returns how many events were dropped; a closed shop drops none.
 */
export async function trimOutbox(
  engine: Engine,
  command: { shop: string; eventId: string; userIds: readonly string[] },
): Promise<{ trimmed: number }> {
  const { shop, eventId, userIds } = command
  const [status, trimmed] = await engine.decide(shop, 'trim-outbox', { eventId }, userIds)
  return { trimmed: status === 'trimmed' ? Number(trimmed) : 0 }
}
