import type { Second } from '../../live/moment.ts'
import type { OutcomeKind, Outcomes } from '../../live/pulse.ts'

/** The status of a first success by kind. A repeat gets `replayed` or `persisted`, and everything else is a refusal. */
const successOf: Record<OutcomeKind, string> = {
  claims: 'claimed',
  orders: 'placed',
  payments: 'paid',
  cancels: 'cancelled',
  refunds: 'refunded',
}

export type Verdict = 'accepted' | 'repeated' | 'refused' | 'failed'

export function verdictOf(kind: OutcomeKind, status: string): Verdict {
  if (status === successOf[kind]) return 'accepted'
  if (status === 'replayed' || status === 'persisted') return 'repeated'
  return status === 'unavailable' || status === 'fault' ? 'failed' : 'refused'
}

export type Count = { kind: OutcomeKind; status: string; verdict: Verdict; count: number }

/** Every status of some seconds with how often it was answered, the most frequent first within its kind. */
export function countOutcomes(seconds: readonly Second[]): Count[] {
  const counts = new Map<string, Count>()
  for (const { kind, status, count } of seconds.flatMap(({ outcomes }) => entriesOf(outcomes))) {
    const name = `${kind} ${status}`
    const known = counts.get(name)
    if (known) known.count += count
    else counts.set(name, { kind, status, verdict: verdictOf(kind, status), count })
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)
}

/** How many of a kind were accepted in a second. */
export function acceptedIn({ outcomes }: Second, kind: OutcomeKind): number {
  return outcomes[kind]?.[successOf[kind]] ?? 0
}

/** How many were refused in a second, of all kinds. */
export function refusedIn({ outcomes }: Second): number {
  return entriesOf(outcomes)
    .filter(({ kind, status }) => verdictOf(kind, status) === 'refused')
    .reduce((sum, { count }) => sum + count, 0)
}

function entriesOf(outcomes: Outcomes): { kind: OutcomeKind; status: string; count: number }[] {
  return Object.entries(outcomes).flatMap(([kind, statuses]) =>
    Object.entries(statuses).map(([status, count]) => ({
      kind: kind as OutcomeKind,
      status,
      count,
    })),
  )
}
