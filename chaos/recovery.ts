import type { Attempt } from './journal.ts'
import type { Fault } from './schedule.ts'
import { type ApiName, apiNames } from './stage.ts'

/**
 * What clients see of the engine: accepted writes of an API process, reads of an API process that need Postgres, and
 * events that reach Postgres.
 */
type Path = `writes of ${ApiName}` | `reads of ${ApiName}` | 'persistence'

export type Injured = {
  fault: Fault
  /** Milliseconds since 1970. */
  at: number
  /** Until every path that it touches worked again; null where one did not. */
  recoveryMs: number | null
}

export type Recovery = {
  faults: Injured[]
  begin(fault: Fault): void
  answered(attempt: Attempt): void
  /** @param decidedAt when the newest persisted event was decided, ms since 1970. */
  persisted(decidedAt: number): void
  /** The paths that do not work yet, in words. */
  missing(): string[]
}

/**
 * Measures how long each fault is felt: from its beginning until, on every path that it touches, something that began
 * after it has succeeded. A write or a read counts if it was sent after the fault began, a persisted event if it was
 * decided after it. The duration of the fault itself is part of it, and so are faults that come on top.
 */
export function openRecovery(): Recovery {
  const faults: Injured[] = []
  const open = new Map<Injured, Set<Path>>()

  function works(path: Path, since: number): void {
    for (const [injured, paths] of open) {
      if (since <= injured.at || !paths.delete(path) || paths.size > 0) continue
      injured.recoveryMs = Date.now() - injured.at
      open.delete(injured)
    }
  }
  return {
    faults,
    begin(fault) {
      const injured: Injured = { fault, at: Date.now(), recoveryMs: null }
      faults.push(injured)
      open.set(injured, new Set(pathsOf(fault)))
    },
    answered({ intent, api, outcome, sentAt }) {
      if (outcome !== 'ok') return
      if (intent.kind !== 'read') works(`writes of ${api as ApiName}`, sentAt)
      else if (intent.path.endsWith('/history')) works(`reads of ${api as ApiName}`, sentAt)
    },
    persisted: (decidedAt) => works('persistence', decidedAt),
    missing: () => [...open].flatMap(([, paths]) => [...paths]),
  }
}

function pathsOf(fault: Fault): Path[] {
  const writes = apiNames.map((api): Path => `writes of ${api}`)
  const reads = apiNames.map((api): Path => `reads of ${api}`)
  if (fault.type === 'queue-lost') return ['persistence']
  if (fault.type === 'flushall') return [...writes, 'persistence']
  const name = fault.type === 'link' ? fault.link : fault.target
  const api = apiNames.find((one) => name.includes(one))
  if (name === 'redis') return [...writes, 'persistence']
  if (name === 'postgres') return [...reads, 'persistence']
  if (api === undefined) return ['persistence']
  return name.endsWith('>postgres') ? [`reads of ${api}`] : [`writes of ${api}`]
}
