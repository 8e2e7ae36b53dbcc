import { codeDigest } from '../domain/codes.ts'
import type { ClaimRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const claimByCodeRefusals = ['code_not_found', 'sold_out'] as const

/**
 * Claims one unit of the coupon that a code belongs to: the code that all share, or one that is used once. A user who
 * has it already, or is at his limit, gets his earlier claim, as a replay.
 */
export async function claimByCode(
  engine: Engine,
  command: { shop: string; code: string; userId: string },
): Promise<Outcome<ClaimRecord, (typeof claimByCodeRefusals)[number]>> {
  const { shop, code, userId } = command
  const reply = await engine.decide(shop, 'claim-by-code', {
    code: code.trim().toUpperCase(),
    digest: codeDigest(shop, code),
    userId,
  })
  switch (reply[0]) {
    case 'claimed':
      return done(fromRecord<ClaimRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<ClaimRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, claimByCodeRefusals)
  }
}
