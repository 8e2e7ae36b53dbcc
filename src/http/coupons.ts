import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { CouponRecord } from '../domain/events.ts'
import { createCoupon } from '../engine/create-coupon.ts'
import { readCoupon } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import { callerOf, requireAdmin } from './auth.ts'
import { bodyCodes, decisionCodes, documented, jsonAnswer, jsonBody } from './contract.ts'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { couponCodePattern, id, integer, isoOf, isoTime, text, time } from './fields.ts'
import { problem, refuse } from './problem.ts'
import { reply } from './reply.ts'

const discountType = z.enum(['FIXED', 'PERCENTAGE'])

const newCouponSchema = z
  .strictObject({
    name: text(limits.nameLengthMax),
    code: z
      .string()
      .regex(couponCodePattern, 'Must be letters, digits, _ or -')
      .optional()
      .openapi({ description: 'Upper and lower case are the same.' }),
    discountType,
    discountValue: integer(1, limits.priceMax).openapi({
      description: 'Minor units, or basis points (at most 10000) of a percentage.',
    }),
    maxDiscountAmount: integer(1, limits.balanceMax).optional(),
    minOrderAmount: integer(0, limits.balanceMax).default(0),
    totalQuantity: integer(1, limits.couponQuantityMax),
    perUserLimit: integer(1, limits.couponPerUserMax).default(1),
    validFrom: time.optional(),
    validUntil: time.optional(),
    userCouponTtlSeconds: integer(1, limits.userCouponTtlSecondsMax).optional(),
    restoreOnCancel: z.boolean().default(true),
  })
  .refine(
    ({ discountType: type, discountValue: value }) =>
      type === 'FIXED' || value <= limits.basisPoints,
    { path: ['discountValue'], message: `Must be at most ${limits.basisPoints} basis points` },
  )
  .refine(({ validFrom: from, validUntil: until }) => !from || !until || from < until, {
    path: ['validUntil'],
    message: 'Must be after validFrom',
  })

const couponSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    code: z
      .string()
      .nullable()
      .optional()
      .openapi({ description: 'Shown to admins only: who knows it can claim.' }),
    discountType,
    discountValue: z.int(),
    maxDiscountAmount: z.int().nullable(),
    minOrderAmount: z.int(),
    totalQuantity: z.int(),
    issuedQuantity: z.int(),
    usedQuantity: z.int(),
    remainingQuantity: z.int(),
    perUserLimit: z.int(),
    validFrom: isoTime.nullable(),
    validUntil: isoTime.nullable(),
    userCouponTtlSeconds: z.int().nullable(),
    restoreOnCancel: z.boolean(),
    status: z.enum(['ACTIVE', 'PAUSED', 'ENDED']),
    createdAt: isoTime,
  })
  .openapi('Coupon')

const creation = documented('admin', [...bodyCodes, 'code_taken', ...decisionCodes])
const createCouponRoute = createRoute({
  method: 'post',
  path: '/v1/coupons',
  tags: ['coupons'],
  summary: 'Put a coupon up for claims',
  ...creation.about,
  middleware: [requireAdmin],
  request: { body: jsonBody(newCouponSchema) },
  responses: { 201: jsonAnswer(couponSchema, 'The coupon'), ...creation.refusals },
})

const one = documented('public', [
  'invalid_request',
  'coupon_not_found',
  'shop_closed',
  'unavailable',
])
const couponRoute = createRoute({
  method: 'get',
  path: '/v1/coupons/{id}',
  tags: ['coupons'],
  summary: 'A coupon with what is issued, used and left',
  ...one.about,
  request: { params: z.object({ id }) },
  responses: { 200: jsonAnswer(couponSchema, 'The coupon'), ...one.refusals },
})

export function couponRoutes({ engine, redis }: Dependencies) {
  return new OpenAPIHono<Environment>()
    .openapi(createCouponRoute, async (c) => {
      const coupon = { ...c.req.valid('json'), status: 'ACTIVE' as const }
      const outcome = await createCoupon(engine, { shop: c.get('shop'), coupon })
      if (!outcome.ok) return refuse(c, outcome)
      const code = outcome.value.code ?? null
      return reply(
        c,
        { ...couponView({ ...outcome.value, issuedQuantity: 0, usedQuantity: 0 }), code },
        201,
      )
    })
    .openapi(couponRoute, async (c) => {
      const coupon = await readCoupon(redis, c.get('shop'), c.req.valid('param').id)
      if (!coupon) return problem(c, 'coupon_not_found')
      const view = couponView(coupon)
      const isAdmin = callerOf(c)?.role === 'admin'
      return reply(c, isAdmin ? { ...view, code: coupon.code ?? null } : view, 200)
    })
}

function couponView(coupon: CouponRecord & { issuedQuantity: number; usedQuantity: number }) {
  return {
    id: coupon.id,
    name: coupon.name,
    discountType: coupon.discountType,
    discountValue: coupon.discountValue,
    maxDiscountAmount: coupon.maxDiscountAmount ?? null,
    minOrderAmount: coupon.minOrderAmount,
    totalQuantity: coupon.totalQuantity,
    issuedQuantity: coupon.issuedQuantity,
    usedQuantity: coupon.usedQuantity,
    remainingQuantity: coupon.totalQuantity - coupon.issuedQuantity,
    perUserLimit: coupon.perUserLimit,
    validFrom: isoOf(coupon.validFrom),
    validUntil: isoOf(coupon.validUntil),
    userCouponTtlSeconds: coupon.userCouponTtlSeconds ?? null,
    restoreOnCancel: coupon.restoreOnCancel,
    status: coupon.status,
    createdAt: isoOf(coupon.createdAt),
  }
}
