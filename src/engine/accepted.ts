import { limits } from '../limits.ts'
import type { Reply } from './engine.ts'

/** Commands that were accepted and may be lost with the hot state. */
export type Lost = {
  /** Name, number of arguments and arguments of each, as `commands` in src/engine/commands.ts names them. */
  commands: string[][]
  /** Older ones that are not remembered: they were too many. */
  forgotten: number
}

/** What this process was told is accepted, as long as Postgres may lack it. */
export type AcceptedCommands = {
  /** Remembers the accepted commands of a batch, and forgets those that must be in Postgres by now. */
  note(batch: Batch, replies: readonly Reply[]): void
  /** How many it remembers. */
  count(): number
  /** Takes out those with an event after the given one, the last that Postgres has; forgets the others. */
  takeAfter(eventId: string): Lost
}

type Batch = {
  commands: string[][]
  /** Events that waited for Postgres before the batch, and those that it appended. */
  backlog: number
  appended: number
  lastEventId: string
}

/** Replies of a command that changed something; all others changed nothing, or repeat what was known. */
const accepted = new Set([
  'added',
  'adjusted',
  'cancelled',
  'changed',
  'charged',
  'claimed',
  'created',
  'expired',
  'paid',
  'placed',
  'refunded',
  'set',
  'updated',
])

/** Opens an empty memory, of one shop and at most limits.rememberedCommandsMax commands. */
export function openAcceptedCommands(): AcceptedCommands {
  let batches: { lastEventId: string; commands: string[][] }[] = []
  let first = 0
  let count = 0
  let forgotten = 0

  function dropFirst(): number {
    const dropped = batches[first]?.commands.length ?? 0
    first += 1
    count -= dropped
    if (first > 64 && first * 2 > batches.length) {
      batches = batches.slice(first)
      first = 0
    }
    return dropped
  }

  return {
    note({ commands, backlog, appended, lastEventId }, replies) {
      const noted = commands.filter((_, index) => accepted.has(replies[index]?.[0] ?? ''))
      if (noted.length > 0) batches.push({ lastEventId, commands: noted })
      count += noted.length
      // Every one of them has an event, so what is more than the outbox holds is in Postgres.
      const isBeyond = () => count - (batches[first]?.commands.length ?? 0) >= backlog + appended
      while (first < batches.length && isBeyond()) dropFirst()
      if (backlog === 0) forgotten = 0
      while (count > limits.rememberedCommandsMax) forgotten += dropFirst()
    },
    count: () => count,
    takeAfter(eventId) {
      const lost = batches.slice(first).filter((batch) => isAfter(batch.lastEventId, eventId))
      const taken = { commands: lost.flatMap(({ commands }) => commands), forgotten }
      batches = []
      first = count = forgotten = 0
      return taken
    },
  }
}

/** Compares two stream ids. */
function isAfter(id: string, other: string): boolean {
  const [ms = 0, sequence = 0] = id.split('-').map(Number)
  const [otherMs = 0, otherSequence = 0] = other.split('-').map(Number)
  return ms > otherMs || (ms === otherMs && sequence > otherSequence)
}
