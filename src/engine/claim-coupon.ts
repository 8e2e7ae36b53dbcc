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

/** Claims one unit of a coupon for a user; a user at his limit gets his latest claim, as a replay. */
export async function claimCoupon(
  engine: Engine,
  command: { shop: string; couponId: string; userId: string },
): Promise<Outcome<ClaimRecord, (typeof claimCouponRefusals)[number]>> {
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
