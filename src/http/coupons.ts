import { createRoute, z } from '@hono/zod-openapi'
import { listCoupons } from '../db/coupons.ts'
import { createCoupon } from '../engine/create-coupon.ts'
import { readCoupon } from '../engine/reads.ts'
import { updateCoupon } from '../engine/update-coupon.ts'
import { limits } from '../limits.ts'
import { callerOf } from './auth.ts'
import {
  bodyCodes,
  decisionCodes,
  documented,
  jsonAnswer,
  jsonBody,
  leadsTo,
  readCodes,
} from './contract.ts'
import {
  adminCouponView,
  couponSchema,
  couponStatus,
  couponView,
  discountType,
  fixedOff,
  tenthOff,
} from './coupon-view.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import {
  anyChange,
  couponCodePattern,
  idParams,
  integer,
  isForward,
  pageOf,
  pageQuery,
  text,
  time,
} from './fields.ts'
import { invalidCursor, invalidRequest, problem, refuse } from './problem.ts'
import { reply, replyJson, toJson } from './reply.ts'
import { openRoutes } from './routes.ts'

const backwards = { path: 'validUntil', message: 'Must be after validFrom' }

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
    codeRequired: z.boolean().default(false).openapi({
      description:
        'Claimed by a code only, not by its id: by `code`, or by one of its single-use codes.',
    }),
    status: z.enum(['ACTIVE', 'PAUSED']).default('ACTIVE').openapi({
      description:
        'PAUSED prepares it: it is not among those that anybody may claim until it is ACTIVE.',
    }),
  })
  .refine(
    ({ discountType: type, discountValue: value }) =>
      type === 'FIXED' || value <= limits.basisPoints,
    { path: ['discountValue'], message: `Must be at most ${limits.basisPoints} basis points` },
  )
  .refine(({ validFrom, validUntil }) => isForward(validFrom, validUntil), {
    path: [backwards.path],
    message: backwards.message,
  })
  .openapi({
    anyOf: [
      { properties: { discountType: { const: 'FIXED' } } },
      { properties: { discountValue: { maximum: limits.basisPoints } } },
    ],
  })

const newCoupons = {
  percentage: {
    name: tenthOff.name,
    discountType: tenthOff.discountType,
    discountValue: tenthOff.discountValue,
    maxDiscountAmount: 2_000,
    minOrderAmount: tenthOff.minOrderAmount,
    totalQuantity: tenthOff.totalQuantity,
    validFrom: sample.startsAt,
    validUntil: sample.endsAt,
  },
  fixedByCode: {
    name: fixedOff.name,
    code: 'MEMBERS',
    codeRequired: true,
    discountType: fixedOff.discountType,
    discountValue: fixedOff.discountValue,
    totalQuantity: fixedOff.totalQuantity,
  },
}

const creation = documented('admin', [...bodyCodes, ...decisionCodes(['code_taken'])])
const createCouponRoute = createRoute({
  method: 'post',
  path: '/v1/coupons',
  operationId: 'createCoupon',
  tags: ['coupons'],
  summary: 'Put a coupon up for claims',
  description:
    'A percentage is given in basis points: 1000 is a tenth. Without validFrom it can be claimed at once. Sent ' +
    'twice, it makes two coupons, unless it has a code.',
  ...creation.about,
  request: { body: jsonBody(newCouponSchema, newCoupons) },
  responses: {
    201: jsonAnswer(
      couponSchema,
      'The coupon',
      { fixedByCode: fixedOff },
      leadsTo('id', [
        'readCoupon',
        'updateCoupon',
        'claimCoupon',
        'makeCouponCodes',
        'listCouponChanges',
      ]),
    ),
    ...creation.refusals,
  },
})

const list = documented('admin', ['invalid_request', 'unavailable'])
const couponsRoute = createRoute({
  method: 'get',
  path: '/v1/coupons',
  operationId: 'listCoupons',
  tags: ['coupons'],
  summary: 'Coupons, newest first',
  description: 'All of them, whatever their state, with their codes.',
  ...list.about,
  request: { query: z.strictObject({ ...pageQuery, status: couponStatus.optional() }) },
  responses: {
    200: jsonAnswer(pageOf(couponSchema), 'The coupons', pageExamples([fixedOff])),
    ...list.refusals,
  },
})

const one = documented('public', ['invalid_request', ...readCodes(['coupon_not_found'])])
const couponRoute = createRoute({
  method: 'get',
  path: '/v1/coupons/{id}',
  operationId: 'readCoupon',
  tags: ['coupons'],
  summary: 'A coupon with what is issued, used and left',
  description:
    'The counters are at most a quarter of a second old. The code is shown to admins only.',
  ...one.about,
  request: { params: idParams(sample.couponId) },
  responses: {
    200: jsonAnswer(couponSchema, 'The coupon', { forEverybody: tenthOff, forAdmins: fixedOff }),
    ...one.refusals,
  },
})

// A validity that would end before it begins is an invalid request, also where its beginning is the stored one.
const update = documented('admin', [
  ...bodyCodes,
  ...decisionCodes(['coupon_not_found', 'below_issued']),
])
const updateCouponRoute = createRoute({
  method: 'patch',
  path: '/v1/coupons/{id}',
  operationId: 'updateCoupon',
  tags: ['coupons'],
  summary: 'Pause, resume, end, raise, lower or prolong a coupon',
  description: 'null takes the end away. User coupons that are issued keep their expiry.',
  ...update.about,
  request: {
    params: idParams(sample.couponId),
    body: jsonBody(
      z
        .strictObject({
          status: couponStatus.optional(),
          totalQuantity: integer(1, limits.couponQuantityMax).optional(),
          validUntil: time.nullable().optional(),
        })
        .refine(...anyChange)
        .openapi({ minProperties: 1 }),
      {
        pause: { status: 'PAUSED' },
        raise: { totalQuantity: 2_000 },
        neverEnd: { validUntil: null },
      },
    ),
  },
  responses: {
    200: jsonAnswer(couponSchema, 'The coupon after the change', {
      paused: { ...tenthOff, code: null, status: 'PAUSED' },
    }),
    ...update.refusals,
  },
})

/** A coupon is hot; the list of them is what Postgres has. */
export function couponRoutes({ engine, redis, orm, catchUp, copyOf, identify }: Parts) {
  return openRoutes(identify)
    .openapi(createCouponRoute, async (c) => {
      const coupon = c.req.valid('json')
      const outcome = await createCoupon(engine, { shop: c.get('shop'), coupon })
      if (!outcome.ok) return refuse(c, outcome)
      const created = { ...outcome.value, issuedQuantity: 0, usedQuantity: 0 }
      return reply(c, adminCouponView(created), 201)
    })
    .openapi(couponsRoute, async (c) => {
      const shop = c.get('shop')
      await catchUp(shop)
      const page = await listCoupons(orm.em.fork(), shop, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      return reply(c, { ...page, items: page.items.map(adminCouponView) }, 200)
    })
    .openapi(couponRoute, async (c) => {
      const shop = c.get('shop')
      const couponId = c.req.valid('param').id
      // An admin sees the code too, which no copy for others may hold.
      const [reader, view] =
        callerOf(c)?.role === 'admin' ? ['admin', adminCouponView] : ['user', couponView]
      const coupon = await copyOf(shop, `coupon ${couponId} ${reader}`, async () => {
        const found = await readCoupon(redis, shop, couponId)
        return found && toJson(view(found))
      })
      return coupon ? replyJson(c, coupon, 200) : problem(c, 'coupon_not_found')
    })
    .openapi(updateCouponRoute, async (c) => {
      const { id: couponId } = c.req.valid('param')
      const shop = c.get('shop')
      const outcome = await updateCoupon(engine, { shop, couponId, changes: c.req.valid('json') })
      if (!outcome.ok) {
        if (outcome.code === 'invalid_window') return invalidRequest(c, [backwards])
        return refuse(c, { ...outcome, code: outcome.code })
      }
      const coupon = await readCoupon(redis, shop, couponId)
      if (!coupon) return problem(c, 'coupon_not_found')
      return reply(c, adminCouponView(coupon), 200)
    })
}
