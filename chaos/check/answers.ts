import { isDeepStrictEqual } from 'node:util'
import type { Attempt, Kind } from '../journal.ts'
import type { Operation } from './operations.ts'
import type { Violation } from './violation.ts'

/** What may honestly be refused, given what the clients ask for. */
const honestRefusals: Record<Kind, readonly string[]> = {
  charge: [],
  claim: ['sold_out', 'code_not_found'],
  order: ['sold_out', 'held', 'insufficient_balance'],
  payment: ['insufficient_balance', 'order_expired'],
  cancellation: ['order_expired'],
  refund: [],
  adjustment: ['insufficient_stock'],
  cart: [],
  reuse: ['idempotency_key_reused'],
  read: [],
}
const outages = ['unavailable', 'shop_closed', 'backlog_full']

/** Every answer is one that the contract knows, and all answers to one operation are the same. */
export function checkAnswers(operations: readonly Operation[]): Violation[] {
  return operations.flatMap((operation) => {
    const { intent, attempts } = operation
    const about = { operation: intent.operation, userId: intent.userId }
    const wrong = attempts.map(describeWrong).find((text) => text !== null)
    const text = wrong ?? describeDisagreement(operation)
    return text === null ? [] : [{ check: 'answers', text: `${intent.kind}: ${text}`, ...about }]
  })
}

function describeWrong({ intent, status, code, retryAfter, outcome }: Attempt): string | null {
  if (status === undefined) return null
  if (outcome === 'ok')
    return intent.kind === 'reuse' ? `a key took another body (${status})` : null
  if (status === 503 && outages.includes(String(code))) {
    return retryAfter === undefined ? `503 ${code} without Retry-After` : null
  }
  if (status < 500 && honestRefusals[intent.kind].includes(String(code))) return null
  return `${status} ${code} is no answer to this request`
}

/** Without a key the answer shows the moment, so only what lasts is compared. */
function describeDisagreement({ intent, attempts, accepted }: Operation): string | null {
  const [first, ...others] = accepted
  if (first === undefined || intent.kind === 'cart' || intent.kind === 'read') return null
  const isFinish = intent.kind === 'payment' || intent.kind === 'cancellation'
  const facts = ({ body }: Attempt) => (isFinish ? [body?.id, body?.finalAmount] : body)
  const other = others.find((one) => !isDeepStrictEqual(facts(one), facts(first)))
  if (other) return `attempts ${first.number} and ${other.number} got different answers`
  if (isFinish) return null
  const firsts = accepted.filter(({ replayed }) => !replayed)
  const isCertain = attempts.every(({ outcome }) => outcome !== 'unknown')
  if (firsts.length > 1) return `${firsts.length} answers say that they were the first`
  return isCertain && firsts.length === 0 ? 'replayed without a first answer' : null
}
