import { eventIdOf } from '../db/event-id.ts'
import { isVersion, upgradeData } from '../domain/event-versions.ts'
import { type EventType, eventSchemas, eventVersion, type OutboxEvent } from '../domain/events.ts'

/** An event as its fields came, before anybody has tried to read it. */
export type RawEntry = {
  streamId: string
  type: string
  version: string
  data: string
  /** Of the request that caused it, where that is traced. */
  traceparent?: string | undefined
}

/** One entry of the outbox stream: an event, or what can never become one. */
export type OutboxEntry = RawEntry & { eventId: bigint } & (
    | { event: OutboxEvent }
    | { event: null; error: string }
  )

/** Reads an entry, also of an older version. Of a newer one nobody here knows what it says. */
export function decodeEntry(raw: RawEntry): OutboxEntry {
  const { streamId, type, version, data, traceparent } = raw
  const entry = { streamId, eventId: eventIdOf(streamId), type, version, data, traceparent }
  if (!isEventType(type)) return { ...entry, event: null, error: 'unknown event type' }
  if (!isVersion(version)) return { ...entry, event: null, error: `no event version: ${version}` }
  if (Number(version) > eventVersion) {
    return { ...entry, event: null, error: `an event of a newer release: version ${version}` }
  }
  try {
    const current = upgradeData(type, Number(version), JSON.parse(data))
    const parsed = eventSchemas[type].parse(current)
    return { ...entry, event: { id: streamId, type, data: parsed } as OutboxEvent }
  } catch (error) {
    return { ...entry, event: null, error: error instanceof Error ? error.message : String(error) }
  }
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventSchemas, type)
}
