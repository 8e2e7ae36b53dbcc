import type { ClaimAnswer } from './answers.ts'
import type { Answer } from './client.ts'
import { couponAt } from './coupon-plans.ts'
import type { PausePhase } from './pause.ts'
import type { BuyerPlan } from './plan-buyer.ts'
import type { Sale } from './sale.ts'
import { isAccepted, submit } from './submit.ts'

/** Claims the coupon that the buyer is after, again where it is paused, and without the code where that is taken. */
export async function claim(sale: Sale, buyer: BuyerPlan): Promise<void> {
  const refusal = await sendClaim(sale, buyer)
  if (refusal === 'coupon_inactive') {
    sale.pause.turnedAway.pass()
    await sale.pause.over.reach(1)
    await sendClaim(sale, buyer)
  } else if (refusal === 'code_not_found') {
    await submit(sale.client, sale.books, {
      method: 'POST',
      path: claimPath(sale, buyer),
      token: sale.userToken(buyer),
      repeat: 'never',
      refusals: ['code_required'],
    })
  }
}

/** @returns the code of the refusal, if it was one. */
async function sendClaim(sale: Sale, buyer: BuyerPlan): Promise<string | undefined> {
  const { client, books, pause } = sale
  const { coupon, code, isContested, repeat } = buyer.claim
  const phase = pause.phase
  const mayBePaused = coupon === couponAt.fixed && phase !== 'after'
  const answer = await submit<ClaimAnswer>(client, books, {
    method: 'POST',
    ...(code === null
      ? { path: claimPath(sale, buyer) }
      : { path: '/v1/coupons/claims', body: { code: typed(sale.codes[code] ?? '', buyer) } }),
    token: sale.userToken(buyer),
    // While the coupon is paused an accepted claim is refused too, so it is not sent a second time.
    repeat: mayBePaused ? 'never' : repeat,
    refusals: [
      ...(coupon === couponAt.percentage || coupon === couponAt.fixed ? ['sold_out'] : []),
      ...(mayBePaused ? ['coupon_inactive'] : []),
      ...(isContested ? ['code_not_found'] : []),
    ],
  })
  if (answer === null) return undefined
  if (coupon === couponAt.fixed) checkPause(sale, phase, answer)
  if (!isAccepted(answer)) return answer.body.code
  const { userCouponId, rank, expiresAt } = answer.body
  books.accepted.claims += 1
  books.claims.set(sale.userId(buyer), { coupon, userCouponId, rank, expiresAt })
  return undefined
}

function claimPath(sale: Sale, buyer: BuyerPlan): string {
  return `/v1/coupons/${sale.couponIds[buyer.claim.coupon]}/claims`
}

/** A code as people type it: the case does not count. */
function typed(code: string, { number }: BuyerPlan): string {
  return number % 2 === 0 ? code : code.toLowerCase()
}

/** A claim that came and was answered during the pause is refused, and none that was answered before it. */
function checkPause(sale: Sale, sentIn: PausePhase, answer: Answer<unknown>): void {
  const { phase } = sale.pause
  const isRefused = answer.body.code === 'coupon_inactive'
  const isWrong = isRefused ? phase === 'before' : sentIn === 'paused' && phase === 'paused'
  if (!isWrong) return
  const text = isRefused ? 'a coupon was refused before it was paused' : 'a paused coupon was given'
  sale.books.faults.push({ promise: 'pause', text })
}
