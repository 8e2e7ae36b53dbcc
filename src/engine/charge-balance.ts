import type { ChargeRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const chargeBalanceRefusals = ['idempotency_key_reused', 'balance_limit'] as const

/** Adds an amount in minor units to a user's balance. */
export async function chargeBalance(
  engine: Engine,
  command: {
    shop: string
    userId: string
    amount: number
    operationId: string
    fingerprint: string
  },
): Promise<Outcome<ChargeRecord, (typeof chargeBalanceRefusals)[number]>> {
  const { shop, ...named } = command
  const { balanceMax } = limits
  const reply = await engine.decide(shop, 'charge-balance', { ...named, balanceMax })
  switch (reply[0]) {
    case 'charged':
      return done(fromRecord<ChargeRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<ChargeRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, chargeBalanceRefusals)
  }
}
