import { eventIdOf } from '../src/db/event-id.ts'
import {
  type EventType,
  eventSchemas,
  eventVersion,
  type OutboxEvent,
} from '../src/domain/events.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { shopKey } from '../src/redis/keys.ts'

/** One entry of the outbox stream: an event, or what can never become one. */
export type OutboxEntry = {
  streamId: string
  eventId: bigint
  /** As it came. */
  type: string
  data: string
} & ({ event: OutboxEvent } | { event: null; error: string })

/** Reads and decodes the next entries of a shop's outbox, the oldest first, at most one batch. */
export async function readOutbox(
  redis: RedisClient,
  shop: string,
  range: { after?: string; upTo?: string },
): Promise<OutboxEntry[]> {
  const start = range.after === undefined ? '-' : `(${range.after}`
  const end = range.upTo ?? '+'
  const key = shopKey(shop, 'outbox')
  const entries = await redis.xrange(key, start, end, 'COUNT', limits.drainEventsMax)
  return withinBatch(entries).map(([streamId, fields]) => decodeEntry(streamId, fields))
}

/** The first entries, as many as may be in one batch by the length of their data; always one. */
function withinBatch(entries: [streamId: string, fields: string[]][]) {
  let length = 0
  const tooMany = entries.findIndex(([, fields], index) => {
    length += fields.reduce((sum, field) => sum + field.length, 0)
    return index > 0 && length > limits.drainDataLengthMax
  })
  return tooMany === -1 ? entries : entries.slice(0, tooMany)
}

function decodeEntry(streamId: string, fields: string[]): OutboxEntry {
  let type = ''
  let version = ''
  let data = ''
  for (let index = 0; index < fields.length; index += 2) {
    const value = fields[index + 1] ?? ''
    if (fields[index] === 'type') type = value
    else if (fields[index] === 'v') version = value
    else if (fields[index] === 'data') data = value
  }
  const entry = { streamId, eventId: eventIdOf(streamId), type, data }
  if (!isEventType(type)) return { ...entry, event: null, error: 'unknown event type' }
  if (version !== String(eventVersion)) {
    return { ...entry, event: null, error: `unknown event version ${version}` }
  }
  try {
    const parsed = eventSchemas[type].parse(JSON.parse(data))
    return { ...entry, event: { id: streamId, type, data: parsed } as OutboxEvent }
  } catch (error) {
    return { ...entry, event: null, error: error instanceof Error ? error.message : String(error) }
  }
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventSchemas, type)
}
