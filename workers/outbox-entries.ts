import { isVersion, NewerVersion } from '../src/domain/event-versions.ts'
import { eventVersion } from '../src/domain/events.ts'
import { limits } from '../src/limits.ts'
import type { RedisClient } from '../src/redis/client.ts'
import { shopKey } from '../src/redis/keys.ts'
import { decodeEntry, type OutboxEntry, type RawEntry } from '../src/rows/outbox-entry.ts'

/** One entry as it stands in the stream, with the length of all its fields. */
type StreamEntry = RawEntry & { length: number }

/**
 * Reads and decodes the next entries of a shop's outbox, the oldest first, at most one batch. It ends before an event
 * of a newer release, because what comes after it must wait too.
 *
 * @throws NewerVersion where the first entry is such an event.
 */
export async function readOutbox(
  redis: RedisClient,
  shop: string,
  range: { after?: string; upTo?: string },
): Promise<OutboxEntry[]> {
  const start = range.after === undefined ? '-' : `(${range.after}`
  const end = range.upTo ?? '+'
  const key = shopKey(shop, 'outbox')
  const found = await redis.xrange(key, start, end, 'COUNT', limits.drainEventsMax)
  const entries = found.map(([streamId, fields]) => entryOf(streamId, fields))
  const [first] = entries
  if (first && isNewer(first)) {
    throw new NewerVersion(
      `Event ${first.streamId} is of version ${first.version}, and this worker knows ${eventVersion} at most: ` +
        'it and all after it wait for a worker of a newer release',
    )
  }
  const known = entries.findIndex(isNewer)
  return withinBatch(known === -1 ? entries : entries.slice(0, known)).map(decodeEntry)
}

/** The first entries, as many as may be in one batch by the length of their data; always one. */
function withinBatch(entries: StreamEntry[]): StreamEntry[] {
  let total = 0
  const tooMany = entries.findIndex(({ length }, index) => {
    total += length
    return index > 0 && total > limits.drainDataLengthMax
  })
  return tooMany === -1 ? entries : entries.slice(0, tooMany)
}

function entryOf(streamId: string, fields: string[]): StreamEntry {
  const entry: StreamEntry = { streamId, type: '', version: '', data: '', length: 0 }
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? ''
    const value = fields[index + 1] ?? ''
    if (name === 'type') entry.type = value
    else if (name === 'v') entry.version = value
    else if (name === 'data') entry.data = value
    else if (name === 'traceparent') entry.traceparent = value
    entry.length += name.length + value.length
  }
  return entry
}

function isNewer({ version }: StreamEntry): boolean {
  return isVersion(version) && Number(version) > eventVersion
}
