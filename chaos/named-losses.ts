import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyedId } from './check/operations.ts'
import type { Attempt, Intent } from './journal.ts'

/** What an API process said is lost: the ids that its log line names. */
type Loss = Partial<
  Record<'command' | 'operationId' | 'orderId' | 'couponId' | 'userId' | 'optionId', string>
>

/** Reads what the API processes named as lost with the hot state. */
export function readNamedLosses(logs: string): Loss[] {
  return readdirSync(logs)
    .filter((file) => file.startsWith('api-'))
    .flatMap((file) => readFileSync(join(logs, file), 'utf8').split('\n'))
    .filter((line) => line.includes('"msg":"lost"'))
    .map((line) => JSON.parse(line) as Loss)
}

/**
 * The journal as clients have to read it once they heard of the losses: what was accepted and is named may be there or
 * not, and what builds on it may be refused.
 */
export function withNamedLosses(attempts: readonly Attempt[], losses: readonly Loss[]): Attempt[] {
  const names = new Set(losses.map(nameOfLoss))
  const isLost = ({ intent }: Attempt) => namesOf(intent).some((name) => names.has(name))
  const lostOrders = new Set(
    attempts
      .filter((one) => one.intent.kind === 'order' && isLost(one))
      .map(({ body }) => body?.id),
  )
  const lostUsers = new Set(losses.flatMap(({ userId }) => userId ?? []))
  return attempts.map((attempt) => {
    const { intent, outcome, code } = attempt
    const isOfLostOrder =
      lostOrders.has(intent.subject) || lostOrders.has(intent.path.split('/').at(-1))
    const isConsequence = lostUsers.has(intent.userId) && consequences.includes(String(code))
    const isUncertain = isLost(attempt) || isOfLostOrder || isConsequence
    if (!isUncertain || outcome === 'unknown') return attempt
    const { status, code: _, body, ...rest } = attempt
    return { ...rest, outcome: 'unknown', error: `${status} ${code ?? ''}, and was lost` }
  })
}

/** What a user is refused who has lost something that he had before. */
const consequences = ['coupon_unavailable', 'cart_empty', 'insufficient_balance']

/** A claim by code is named by its user: nobody but the user may read the code in a log. */
const byCode = 'claim-by-code'

function nameOfLoss({ command, operationId, orderId, couponId, userId, optionId }: Loss): string {
  if (command === byCode) return `${byCode} ${userId}`
  return operationId ?? orderId ?? `${couponId ?? optionId} ${userId}`
}

function namesOf(intent: Intent): string[] {
  const { kind, subject = '', path, userId } = intent
  return [
    ...(intent.key ? [keyedId(intent)] : []),
    ...(kind === 'claim' && path.endsWith('/coupons/claims') ? [`${byCode} ${userId}`] : []),
    ...[subject, `${subject} ${userId}`],
  ]
}
