import type { Second } from '../../live/moment.ts'
import type { OutcomeKind, Outcomes } from '../../live/pulse.ts'

/**
 * The status of a first success by kind; of requests none is told. A repeat gets `replayed` or `persisted`, and
 * everything else is a refusal.
 */
const successOf: { [Kind in OutcomeKind]?: string } = {
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
  return failures.has(status) ? 'failed' : 'refused'
}

/** What nobody who asks is to blame for: of decisions, and of answers with a 5xx. */
const failures = new Set(['unavailable', 'fault', 'internal', 'shop_closed', 'backlog_full'])

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
  return outcomes[kind]?.[successOf[kind] ?? ''] ?? 0
}

/** How many requests were answered with a 5xx in a second; a decision that failed is one of them. */
export function failedIn({ outcomes }: Second): number {
  return entriesOf({ requests: outcomes.requests ?? {} })
    .filter(({ kind, status }) => verdictOf(kind, status) === 'failed')
    .reduce((sum, { count }) => sum + count, 0)
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
