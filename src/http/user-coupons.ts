import { createRoute, z } from '@hono/zod-openapi'
import { findUserCoupon, listUserCoupons, type UserCouponRecord } from '../db/user-coupons.ts'
import { documented, jsonAnswer } from './contract.ts'
import { discountType } from './coupon-view.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import { idParams, isoOf, isoTime, pageOf, pageQuery, userCouponId } from './fields.ts'
import { invalidCursor, problem } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const userCouponStatus = z.enum(['AVAILABLE', 'HELD', 'USED', 'EXPIRED'])

const userCouponSchema = z
  .object({
    userCouponId: z.string(),
    couponId: z.string(),
    couponName: z.string(),
    discountType,
    discountValue: z.int(),
    maxDiscountAmount: z.int().nullable(),
    minOrderAmount: z.int(),
    rank: z.int(),
    status: userCouponStatus,
    issuedAt: isoTime,
    expiresAt: isoTime.nullable(),
    usedAt: isoTime.nullable(),
    orderId: z.string().nullable().openapi({ description: 'The order that holds or used it.' }),
    paymentId: z.string().nullable(),
  })
  .openapi('UserCoupon')

/** What alice paid less with. */
const usedCoupon: z.infer<typeof userCouponSchema> = {
  userCouponId: sample.userCouponId,
  couponId: sample.couponId,
  couponName: 'A tenth off',
  discountType: 'PERCENTAGE',
  discountValue: 1_000,
  maxDiscountAmount: 2_000,
  minOrderAmount: 5_000,
  rank: 17,
  status: 'USED',
  issuedAt: sample.claimedAt,
  expiresAt: null,
  usedAt: sample.paidAt,
  orderId: sample.orderId,
  paymentId: sample.paymentId,
}

const listQuery = z.strictObject({ ...pageQuery, status: userCouponStatus.optional() })

const ownList = documented('user', ['invalid_request', 'unavailable'])
const ownCouponsRoute = createRoute({
  method: 'get',
  path: '/v1/me/coupons',
  operationId: 'listOwnCoupons',
  tags: ['coupons'],
  summary: 'Own coupons, newest first',
  description: 'What an order may be placed with is AVAILABLE; a pending order has it HELD.',
  ...ownList.about,
  request: { query: listQuery },
  responses: {
    200: jsonAnswer(pageOf(userCouponSchema), 'The user coupons', pageExamples([usedCoupon])),
    ...ownList.refusals,
  },
})

const list = documented('admin', ['invalid_request', 'unavailable'])
const couponsOfUserRoute = createRoute({
  method: 'get',
  path: '/v1/users/{id}/coupons',
  operationId: 'listUserCoupons',
  tags: ['users'],
  summary: 'Coupons of a user, newest first',
  description: 'The list of an unknown user is empty.',
  ...list.about,
  request: { params: idParams(sample.userId), query: listQuery },
  responses: {
    200: jsonAnswer(pageOf(userCouponSchema), 'The user coupons', pageExamples([usedCoupon])),
    ...list.refusals,
  },
})

const one = documented('admin', ['invalid_request', 'unavailable', 'coupon_not_found'])
const userCouponRoute = createRoute({
  method: 'get',
  path: '/v1/user-coupons/{id}',
  operationId: 'readUserCoupon',
  tags: ['coupons'],
  summary: 'A claim, and whose it is',
  description: 'By the id that the claim was answered with: the coupon and the rank.',
  ...one.about,
  request: {
    params: z.object({ id: userCouponId.openapi({ param: { example: sample.userCouponId } }) }),
  },
  responses: {
    200: jsonAnswer(
      userCouponSchema.extend({ userId: z.string() }).openapi('OwnedUserCoupon'),
      'The user coupon',
      { used: { ...usedCoupon, userId: sample.userId } },
    ),
    ...one.refusals,
  },
})

export function userCouponRoutes({ orm, catchUp, identify }: Parts) {
  async function listOf(shop: string, userId: string, query: z.infer<typeof listQuery>) {
    await catchUp(shop)
    const page = await listUserCoupons(orm.em.fork(), shop, userId, query)
    if (page === 'bad_cursor') return page
    return { ...page, items: page.items.map(viewOf) }
  }

  return openRoutes(identify)
    .openapi(ownCouponsRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const page = await listOf(shop, userId, c.req.valid('query'))
      return page === 'bad_cursor' ? invalidCursor(c) : reply(c, page, 200)
    })
    .openapi(couponsOfUserRoute, async (c) => {
      const page = await listOf(c.get('shop'), c.req.valid('param').id, c.req.valid('query'))
      return page === 'bad_cursor' ? invalidCursor(c) : reply(c, page, 200)
    })
    .openapi(userCouponRoute, async (c) => {
      const shop = c.get('shop')
      await catchUp(shop)
      const found = await findUserCoupon(orm.em.fork(), shop, c.req.valid('param').id)
      return found ? reply(c, viewOf(found), 200) : problem(c, 'coupon_not_found')
    })
}

function viewOf<Found extends UserCouponRecord>(found: Found) {
  const { issuedAt, expiresAt, usedAt } = found
  return {
    ...found,
    issuedAt: isoOf(issuedAt),
    expiresAt: isoOf(expiresAt),
    usedAt: isoOf(usedAt),
  }
}
