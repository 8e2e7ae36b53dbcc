import type { CouponRecord } from '../domain/events.ts'
import { newId } from '../domain/ids.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** Puts a coupon up for claims. */
export async function createCoupon(
  engine: Engine,
  command: { shop: string; coupon: Omit<CouponRecord, 'id' | 'createdAt'> },
): Promise<Outcome<CouponRecord, 'code_taken'>> {
  const coupon = JSON.stringify({ ...command.coupon, id: newId() })
  const reply = await engine.decide(command.shop, 'create-coupon', { coupon })
  return reply[0] === 'created'
    ? done(fromRecord<CouponRecord>(reply[1]))
    : refused(reply, ['code_taken'])
}
