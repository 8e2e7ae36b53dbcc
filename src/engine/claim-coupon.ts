import type { ClaimRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const claimCouponRefusals = [
  'coupon_not_found',
  'coupon_inactive',
  'not_started',
  'ended',
  'code_required',
  'sold_out',
] as const

export type ClaimOutcome = Outcome<ClaimRecord, (typeof claimCouponRefusals)[number]>

/**
 * Claims one unit of a coupon for a user; a user at his limit gets his latest claim, as a replay. The outcome is there
 * at once where the coupon is known to be sold out (see src/engine/sold-out.ts): then nothing has to be waited for.
 */
export function claimCoupon(
  engine: Engine,
  command: { shop: string; couponId: string; userId: string },
): ClaimOutcome | Promise<ClaimOutcome> {
  const { shop, couponId, userId } = command
  if (engine.soldOut.refuses(shop, couponId, userId)) return { ok: false, code: 'sold_out' }
  return askToClaim(engine, command)
}

async function askToClaim(
  engine: Engine,
  command: { shop: string; couponId: string; userId: string },
): Promise<ClaimOutcome> {
  const { shop, ...named } = command
  const reply = await engine.decide(shop, 'claim-coupon', named)
  switch (reply[0]) {
    case 'claimed':
      return done(fromRecord<ClaimRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<ClaimRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, claimCouponRefusals)
  }
}
