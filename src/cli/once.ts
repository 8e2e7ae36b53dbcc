import { randomUUID } from 'node:crypto'
import type { Outcome } from '../client/client.ts'
import { reasonOf } from '../services/reason.ts'
import { type ForWhom, showOutcome } from './answer.ts'
import { formatFields } from './table.ts'

/**
 * Asks for what must not happen twice, and shows what came of it. Where that is not known, it says how to ask again.
 *
 * @param options.key of an earlier attempt; without one this is the first.
 * @throws Error where there was no answer.
 */
export async function showOnce<Body extends Record<string, unknown>>(
  options: ForWhom & { key?: string | undefined },
  ask: (init: { headers: { 'idempotency-key': string } }) => Promise<Outcome<Body>>,
): Promise<void> {
  const key = options.key ?? randomUUID()
  const again = `The same with --key ${key} tells, and does nothing twice.`
  try {
    const outcome = await ask({ headers: { 'idempotency-key': key } })
    showOutcome(outcome, options, formatFields)
    if (!outcome.ok && outcome.status >= 500) process.stderr.write(`${again}\n`)
  } catch (error) {
    const because = `Whether it took effect is not known: ${reasonOf(error)}.`
    throw new Error(`${because} ${again}`, { cause: error })
  }
}
