import { createRoute, z } from '@hono/zod-openapi'
import { listUserCoupons } from '../db/user-coupons.ts'
import { documented, jsonAnswer } from './contract.ts'
import { discountType } from './coupon-view.ts'
import type { Parts } from './dependencies.ts'
import { isoOf, isoTime, pageOf, pageQuery } from './fields.ts'
import { invalidCursor } from './problem.ts'
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

const list = documented('user', ['invalid_request', 'unavailable'])
const ownCouponsRoute = createRoute({
  method: 'get',
  path: '/v1/me/coupons',
  tags: ['coupons'],
  summary: 'Own coupons, newest first',
  ...list.about,
  request: { query: z.strictObject({ ...pageQuery, status: userCouponStatus.optional() }) },
  responses: { 200: jsonAnswer(pageOf(userCouponSchema), 'The user coupons'), ...list.refusals },
})

export function userCouponRoutes({ orm, catchUp, identify }: Parts) {
  return openRoutes(identify).openapi(ownCouponsRoute, async (c) => {
    const { userId, shop } = c.get('caller')
    await catchUp(shop)
    const page = await listUserCoupons(orm.em.fork(), shop, userId, c.req.valid('query'))
    if (page === 'bad_cursor') return invalidCursor(c)
    const items = page.items.map((it) => ({
      ...it,
      issuedAt: isoOf(it.issuedAt),
      expiresAt: isoOf(it.expiresAt),
      usedAt: isoOf(it.usedAt),
    }))
    return reply(c, { ...page, items }, 200)
  })
}
