import type { Done, Refusal, ShopRefusal } from '../domain/outcome.ts'
import type { Reply } from './engine.ts'

/** An accepted decision. */
export function done<Value>(value: Value, options: { replayed?: boolean } = {}): Done<Value> {
  return { ok: true, replayed: options.replayed ?? false, value }
}

/**
 * Turns a reply that is none of a decision's successes into its refusal.
 *
 * @param codes the refusals of the decision; another status is a bug, and throws.
 */
export function refused<Code extends string>(
  reply: Reply,
  codes: readonly Code[],
  details?: Record<string, number>,
): Refusal<Code | ShopRefusal> {
  const status = reply[0]
  if (status === 'shop_closed' || status === 'backlog_full') return { ok: false, code: status }
  const code = codes.find((known) => known === status)
  if (!code) throw new Error(`Unknown status of a decision: ${status}`)
  return details ? { ok: false, code, details } : { ok: false, code }
}

/** Parses the JSON that a decision or a hot key gave: our own scripts wrote it. */
export function fromRecord<Value>(record: string | number | undefined): Value {
  return JSON.parse(String(record)) as Value
}
