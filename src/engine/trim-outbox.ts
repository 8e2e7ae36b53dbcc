import type { RedisClient } from '../redis/client.ts'
import { shopKeys } from '../redis/keys.ts'

/**
 * What a trim found. `epoch` is 0 where it is lost, `removed` counts all events that ever left the outbox,
 * `missingKeys` those of the shop.
 */
export type Trimmed = { trimmed: number; epoch: number; removed: bigint; missingKeys: number }

/**
 * Drops the events that Postgres has committed, and the marks of the orders that they were about.
 *
 * @param command.eventId the id of the last committed stream entry.
 * @param command.userIds the users with an order event among the committed ones; no user twice, and at most
 *   limits.drainEventsMax.
 * @returns `lost` where the outbox is missing.
 */
export async function trimOutbox(
  redis: RedisClient,
  command: { shop: string; eventId: string; userIds: readonly string[] },
): Promise<Trimmed | 'lost'> {
  const keys = shopKeys(command.shop)
  const reply = await redis.trimOutbox(keys.length, ...keys, command.eventId, ...command.userIds)
  const [status, ...counts] = reply as [string, number, number, number, number]
  if (status === 'lost') return 'lost'
  const [trimmed, epoch, removed, missingKeys] = counts
  return { trimmed, epoch, removed: BigInt(removed), missingKeys }
}
