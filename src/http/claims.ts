import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { ClaimRecord } from '../domain/events.ts'
import { claimCoupon, claimCouponRefusals } from '../engine/claim-coupon.ts'
import { findCouponByCode } from '../engine/reads.ts'
import { requireUser } from './auth.ts'
import { refuseBody } from './body.ts'
import { bodyCodes, decisionCodes, documented, jsonAnswer, jsonBody } from './contract.ts'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { couponCodePattern, id, isoOf, isoTime } from './fields.ts'
import { problem, refuse } from './problem.ts'
import { replyOnce } from './reply.ts'

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

const claimAnswers = {
  200: jsonAnswer(claimSchema, 'The earlier claim of a caller who has reached the limit'),
  201: jsonAnswer(claimSchema, 'The claim'),
}

const byId = documented('user', [...bodyCodes, ...claimCouponRefusals, ...decisionCodes])
const claimRoute = createRoute({
  method: 'post',
  path: '/v1/coupons/{id}/claims',
  tags: ['coupons'],
  summary: 'Claim a coupon, first come, first served',
  ...byId.about,
  middleware: [requireUser, refuseBody],
  request: { params: z.object({ id }) },
  responses: { ...claimAnswers, ...byId.refusals },
})

const byCode = documented('user', [...bodyCodes, 'code_not_found', 'sold_out', ...decisionCodes])
const claimByCodeRoute = createRoute({
  method: 'post',
  path: '/v1/coupons/claims',
  tags: ['coupons'],
  summary: 'Claim the coupon with this code',
  ...byCode.about,
  middleware: [requireUser],
  request: {
    // Any text: what cannot be a code is answered as one that nobody made, so that none can be probed.
    body: jsonBody(z.strictObject({ code: z.string() })),
  },
  responses: { ...claimAnswers, ...byCode.refusals },
})

/** What tells a claim by code that the code cannot be claimed. They are one answer, so that none can be probed. */
const badCode = new Set<string>(['coupon_not_found', 'coupon_inactive', 'not_started', 'ended'])

export function claimRoutes({ engine, redis }: Dependencies) {
  return new OpenAPIHono<Environment>()
    .openapi(claimRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const couponId = c.req.valid('param').id
      const outcome = await claimCoupon(engine, { shop, couponId, userId })
      if (!outcome.ok) return refuse(c, outcome)
      return replyOnce(c, claimView(outcome.value), outcome.replayed)
    })
    .openapi(claimByCodeRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const { code } = c.req.valid('json')
      const couponId = couponCodePattern.test(code) && (await findCouponByCode(redis, shop, code))
      if (!couponId) return problem(c, 'code_not_found')
      const outcome = await claimCoupon(engine, { shop, couponId, userId })
      if (outcome.ok) return replyOnce(c, claimView(outcome.value), outcome.replayed)
      return badCode.has(outcome.code) ? problem(c, 'code_not_found') : refuse(c, outcome)
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
