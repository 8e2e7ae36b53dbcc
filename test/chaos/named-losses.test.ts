import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { keyedId } from '../../chaos/check/operations.ts'
import type { Attempt, Intent } from '../../chaos/journal.ts'
import { readNamedLosses, withNamedLosses } from '../../chaos/named-losses.ts'
import { logLost } from '../../src/telemetry/lost-commands.ts'

const ann = { userId: 'ann', caller: 'ann', method: 'POST' } as const
const order: Intent = { ...ann, operation: 1, kind: 'order', key: 'order-1', path: '/v1/orders' }
const claim: Intent = {
  ...{ ...ann, operation: 2, kind: 'claim', subject: 'tenth' },
  path: '/v1/coupons/tenth/claims',
}
const byCode: Intent = {
  ...{ ...ann, operation: 3, kind: 'claim', subject: 'secret' },
  path: '/v1/coupons/claims',
}
const payment: Intent = {
  ...{ ...ann, operation: 4, kind: 'payment', subject: 'its-id' },
  path: '/v1/orders/its-id/payment',
}

function attempt(intent: Intent, facts: Partial<Attempt>): Attempt {
  return { number: intent.operation, intent, api: 'api-1', sentAt: 1, outcome: 'ok', ...facts }
}

const journal = [
  attempt(order, { status: 201, body: { id: 'its-id' } }),
  attempt(claim, { status: 201, body: {} }),
  attempt(byCode, { status: 201, body: {} }),
  attempt(payment, { outcome: 'refused', status: 404, code: 'order_not_found' }),
]

/** What the journal is worth once the API has named these commands as lost. */
function outcomesAfter(...lost: string[][]): unknown[] {
  const folder = mkdtempSync(join(tmpdir(), 'stampede-losses-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const lines: string[] = []
  const log = pino({ name: 'api' }, { write: (line) => void lines.push(line) })
  logLost(log)('main', 2, { commands: lost, forgotten: 0 })
  writeFileSync(join(folder, 'api-1.log'), lines.join(''))
  return withNamedLosses(journal, readNamedLosses(folder)).map(({ outcome }) => outcome)
}

it('takes an order that was named as lost for unknown, and with it what was refused for its sake', () => {
  const lost = ['place-order', '7', keyedId(order), 'print', 'ann', '', '', '1', '0']
  expect(outcomesAfter(lost)).toEqual(['unknown', 'ok', 'ok', 'unknown'])
})

it('tells claims by id from claims by code', () => {
  expect(outcomesAfter(['claim-coupon', '2', 'tenth', 'ann'])).toEqual([
    ...['ok', 'unknown', 'ok', 'refused'],
  ])
  expect(outcomesAfter(['claim-by-code', '3', 'code', 'digest', 'ann'])).toEqual([
    ...['ok', 'ok', 'unknown', 'refused'],
  ])
})

it('excuses nothing that was not named', () => {
  const ofSomebodyElse = ['claim-coupon', '2', 'tenth', 'bob']
  expect(outcomesAfter(ofSomebodyElse)).toEqual(['ok', 'ok', 'ok', 'refused'])
})
