import { createRoute, z } from '@hono/zod-openapi'
import type { ClaimRecord } from '../domain/events.ts'
import { claimByCode, claimByCodeRefusals } from '../engine/claim-by-code.ts'
import { type ClaimOutcome, claimCoupon, claimCouponRefusals } from '../engine/claim-coupon.ts'
import { hasClaimed } from '../engine/user-coupons.ts'
import { nameOf } from '../waiting-room/rooms.ts'
import { refuseBody } from './body.ts'
import { openCodeGuesses } from './code-guesses.ts'
import { bodyCodes, decisionCodes, documented, jsonBody, leadsTo, onceAnswers } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { idParams, isoOf, isoTime } from './fields.ts'
import { problem, refuse, refuseForNow } from './problem.ts'
import { replyOnce } from './reply.ts'
import { openRoutes } from './routes.ts'

const claimSchema = z
  .object({
    userCouponId: z.string(),
    couponId: z.string(),
    rank: z.int().openapi({ description: 'The how-many-eth claim of the coupon this was.' }),
    status: z.literal('AVAILABLE'),
    issuedAt: isoTime,
    expiresAt: isoTime.nullable(),
  })
  .openapi('Claim')

const claimAnswers = onceAnswers(
  claimSchema,
  { first: 'The claim', again: 'The earlier claim of a caller who has reached the limit' },
  {
    claim: {
      userCouponId: sample.userCouponId,
      couponId: sample.couponId,
      rank: 17,
      status: 'AVAILABLE',
      issuedAt: sample.claimedAt,
      expiresAt: null,
    },
  },
  leadsTo('userCouponId', ['readUserCoupon']),
)

const byId = documented('user', [
  ...bodyCodes,
  ...decisionCodes(['admission_required', ...claimCouponRefusals]),
])
const claimRoute = createRoute({
  method: 'post',
  path: '/v1/coupons/{id}/claims',
  operationId: 'claimCoupon',
  tags: ['coupons'],
  summary: 'Claim a coupon, first come, first served',
  description:
    'Repeatable without a key: who has as many as the coupon allows gets his latest claim again, also when all are ' +
    'gone. `rank` is his place in the row of all claims.',
  ...byId.about,
  guards: [...byId.about.guards, refuseBody],
  request: { params: idParams(sample.couponId) },
  responses: { ...claimAnswers, ...byId.refusals },
})

const byCode = documented('user', [
  ...bodyCodes,
  'unavailable',
  'shop_closed',
  ...claimByCodeRefusals,
  'backlog_full',
])
const claimByCodeRoute = createRoute({
  method: 'post',
  path: '/v1/coupons/claims',
  operationId: 'claimByCode',
  tags: ['coupons'],
  summary: 'Claim the coupon with this code',
  description:
    'A code that all share, or one that is used once. Upper and lower case are the same. Who sends too many bad ' +
    'codes has to wait.',
  ...byCode.about,
  request: {
    // Any text: what cannot be a code is answered as one that nobody made, so that none can be probed.
    body: jsonBody(z.strictObject({ code: z.string() }), {
      shared: { code: 'TENTH-OFF' },
      singleUse: { code: '7H2KM-PQ9RS-4TVWX-0YZAB' },
    }),
  },
  responses: { ...claimAnswers, ...byCode.refusals },
})

export function claimRoutes({ engine, redis, config, identify, addressOf, admission }: Parts) {
  const codeGuesses = config.RATE_LIMIT ? openCodeGuesses(redis) : null
  return openRoutes(identify)
    .openapi(claimRoute, (c) => {
      const { userId, shop } = c.get('caller')
      const couponId = c.req.valid('param').id
      const names = [nameOf({ kind: 'coupon', id: couponId })]
      const answer = (outcome: ClaimOutcome) => {
        if (!outcome.ok) return refuse(c, outcome)
        admission.leave(c, names)
        return replyOnce(c, claimView(outcome.value), outcome.replayed)
      }
      const claim = () => {
        const outcome = claimCoupon(engine, { shop, couponId, userId })
        // A refusal that nothing is waited for is answered in the same call that brought the request.
        return outcome instanceof Promise ? outcome.then(answer) : answer(outcome)
      }
      const isOpen = admission.isOpen(c, names, () => hasClaimed(redis, shop, couponId, userId))
      if (isOpen === true) return claim()
      return isOpen.then((is) => (is ? claim() : problem(c, 'admission_required')))
    })
    .openapi(claimByCodeRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const { code } = c.req.valid('json')
      const guesser = { shop, userId, address: addressOf(c) }
      const attempt = await codeGuesses?.begin(guesser)
      if (attempt && attempt.waitSeconds !== null) {
        return refuseForNow(c, attempt.waitSeconds)
      }
      const outcome = await claimByCode(engine, { shop, code, userId })
      if (outcome.ok || outcome.code !== 'code_not_found') await attempt?.succeed()
      if (!outcome.ok) return refuse(c, outcome)
      return replyOnce(c, claimView(outcome.value), outcome.replayed)
    })
}

function claimView(claim: ClaimRecord) {
  return {
    userCouponId: claim.userCouponId,
    couponId: claim.couponId,
    rank: claim.rank,
    status: 'AVAILABLE' as const,
    issuedAt: isoOf(claim.issuedAt),
    expiresAt: isoOf(claim.expiresAt),
  }
}
