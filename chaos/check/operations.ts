import { operationId } from '../../src/domain/ids.ts'
import { defaultShop } from '../../src/services/prepare.ts'
import type { Attempt, Intent, Outcome } from '../journal.ts'
import { groupBy } from './violation.ts'

/** All attempts at one operation, and what the client may say of it. */
export type Operation = {
  intent: Intent
  attempts: Attempt[]
  /** `ok` where any attempt was accepted, `unknown` where one of the others may have been. */
  fate: Outcome
  /** The answers that accepted it. */
  accepted: Attempt[]
}

export function operationsOf(attempts: readonly Attempt[]): Operation[] {
  const groups = groupBy(attempts, ({ intent }) => String(intent.operation))
  return [...groups.values()].map((group) => {
    const accepted = group.filter(({ outcome }) => outcome === 'ok')
    const isRefused = group.every(({ outcome }) => outcome === 'refused')
    const fate = accepted.length > 0 ? 'ok' : isRefused ? 'refused' : 'unknown'
    return { intent: (group[0] as Attempt).intent, attempts: group, fate, accepted }
  })
}

/** How many effects an operation of this fate may have: at least, and at most. */
export const effects: Record<Outcome, [least: number, most: number]> = {
  ok: [1, 1],
  unknown: [0, 1],
  refused: [0, 0],
}

/** The id under which the engine keeps what came with this key: ids of orders, charges and refunds end with it. */
export function keyedId({ method, path, key = '', caller }: Intent): string {
  return operationId({
    shop: defaultShop,
    userId: caller,
    route: `${method} ${path}`,
    idempotencyKey: key,
  })
}

/** Behind the digits of time that ids of orders, charges and refunds begin with. */
export function operationPart(id: string): string {
  return id.slice(11)
}
