import { codeDigest, newCode } from '../domain/codes.ts'
import type { Outcome } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'
import { refused } from './replies.ts'

/**
 * Makes single-use codes of a coupon, a command's worth at a time, as fast as they are taken. Only their hashes are
 * stored, and a code is yielded after its hash is: one that was handed out works, one that was not is nobody's.
 *
 * @yields the codes of each command, or the refusal that ends it.
 * @throws Unavailable where Redis does not answer.
 */
export async function* addCodes(
  engine: Engine,
  command: { shop: string; couponId: string; count: number },
): AsyncGenerator<Outcome<string[], 'coupon_not_found'>> {
  const { shop, couponId, count } = command
  for (let left = count; left > 0; left -= limits.codesPerCommand) {
    const codes = Array.from({ length: Math.min(left, limits.codesPerCommand) }, newCode)
    const digests = codes.map((code) => codeDigest(shop, code))
    const reply = await engine.decide(shop, 'add-codes', { couponId }, digests)
    if (reply[0] !== 'added') {
      yield refused(reply, ['coupon_not_found'])
      return
    }
    yield { ok: true, replayed: false, value: codes }
  }
}
