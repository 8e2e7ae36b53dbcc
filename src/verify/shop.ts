import type { ChainableCommander } from 'ioredis'
import type { Database } from '../db/database.ts'
import { findWatermark } from '../db/shops.ts'
import { upgradeData } from '../domain/event-versions.ts'
import { type EventType, eventSchemas, type OutboxEvent } from '../domain/events.ts'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { shopKey } from '../redis/keys.ts'

/** The shop that is verified, and where its two sides are. */
export type Shop = { redis: RedisClient; db: Database; shop: string }

/** The id of the last event that Postgres has; `0-0` before the first one. */
export async function watermarkOf(db: Database, shop: string): Promise<string> {
  return (await findWatermark(db, shop))?.streamId ?? '0-0'
}

/** Sends the queued commands. Throws the first error among their replies. */
export async function run(commands: ChainableCommander): Promise<unknown[]> {
  const replies = (await commands.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}

/**
 * Reads a reply of XINFO STREAM.
 *
 * @returns `lastId` of the last entry that was ever appended, `deletedId` of the last one that was deleted by its
 *   id (a trimmed one was not), `removed` the number of entries that ever left the stream.
 */
export function parseStreamInfo(reply: unknown): {
  length: number
  removed: bigint
  lastId: string
  deletedId: string
} {
  const fields = reply as (string | number)[]
  const value = (name: string) => fields[fields.indexOf(name) + 1]
  return {
    length: Number(value('length')),
    removed: BigInt(Number(value('entries-added')) - Number(value('length'))),
    lastId: String(value('last-generated-id')),
    deletedId: String(value('max-deleted-entry-id')),
  }
}

/** The events after one id up to another, in pages that do not keep Redis from deciding. */
export async function readEvents(
  redis: RedisClient,
  shop: string,
  after: string,
  upTo: string,
): Promise<OutboxEvent[]> {
  const events: OutboxEvent[] = []
  let start = after
  while (true) {
    const page = await redis.xrange(
      shopKey(shop, 'outbox'),
      `(${start}`,
      upTo,
      'COUNT',
      limits.drainEventsMax,
    )
    events.push(...page.map(decodeEntry).filter((event) => event !== null))
    const last = page.at(-1)
    if (!last || page.length < limits.drainEventsMax) return events
    start = last[0]
  }
}

/** Decodes an entry, or null where it cannot be read: in Postgres it becomes a dead letter, without an effect. */
function decodeEntry([id, fields]: [id: string, fields: string[]]): OutboxEvent | null {
  const type = fields[1] as EventType
  try {
    const data = upgradeData(type, Number(fields[3]), JSON.parse(fields[5] ?? ''))
    return { id, type, data: eventSchemas[type].parse(data) } as OutboxEvent
  } catch {
    return null
  }
}
