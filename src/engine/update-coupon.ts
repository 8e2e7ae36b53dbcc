import { setTimeout as wait } from 'node:timers/promises'
import type { CouponRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'
import { done, refused } from './replies.ts'

/** In the order in which they are looked for. `invalid_window`: it would end before it is valid. */
export const updateCouponRefusals = ['coupon_not_found', 'invalid_window', 'below_issued'] as const

/** What changes; null takes the end away. Times are in ms. */
export type CouponChanges = {
  status?: CouponRecord['status'] | undefined
  totalQuantity?: number | undefined
  validUntil?: number | null | undefined
}

/**
 * Pauses, resumes, ends, raises, lowers or prolongs a coupon. User coupons that are issued keep their expiry. To raise
 * one that is sold out takes `limits.soldOutLatchMs`: until no process refuses claims of it by itself any more.
 */
export async function updateCoupon(
  engine: Engine,
  command: { shop: string; couponId: string; changes: CouponChanges },
): Promise<Outcome<null, (typeof updateCouponRefusals)[number]>> {
  const ask = () =>
    engine.decide(command.shop, 'update-coupon', {
      couponId: command.couponId,
      changes: JSON.stringify(command.changes),
      latchMs: limits.soldOutLatchMs,
    })
  let reply = await ask()
  while (reply[0] === 'announced') {
    await wait(Number(reply[1]))
    reply = await ask()
  }
  return reply[0] === 'updated' || reply[0] === 'unchanged'
    ? done(null, { replayed: reply[0] === 'unchanged' })
    : refused(reply, updateCouponRefusals)
}
