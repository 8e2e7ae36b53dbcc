import { createRoute, z } from '@hono/zod-openapi'
import { listCouponHistory } from '../db/coupons.ts'
import { readCoupon } from '../engine/reads.ts'
import { documented, jsonAnswer, readCodes } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { id, isoOf, isoTime, pageOf, pageQuery } from './fields.ts'
import { invalidCursor, problem } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const historySchema = pageOf(
  z
    .object({
      id: z.string(),
      userCouponId: z.string(),
      userId: z.string(),
      action: z.enum(['ISSUED', 'HELD', 'USED', 'RESTORED', 'EXPIRED']),
      orderId: z
        .string()
        .nullable()
        .openapi({ description: 'The order that took it or gave it back, where one did.' }),
      appliedDiscount: z.int().nullable().openapi({ description: 'What it took off that order.' }),
      at: isoTime,
    })
    .openapi('CouponChange'),
)

const history = documented('admin', ['invalid_request', ...readCodes(['coupon_not_found'])])
const historyRoute = createRoute({
  method: 'get',
  path: '/v1/coupons/{id}/history',
  tags: ['coupons'],
  summary: 'What happened to the user coupons of a coupon, newest first',
  ...history.about,
  request: { params: z.object({ id }), query: z.strictObject(pageQuery) },
  responses: { 200: jsonAnswer(historySchema, 'The changes'), ...history.refusals },
})

export function couponHistoryRoutes({ redis, orm, catchUp, identify }: Parts) {
  return openRoutes(identify).openapi(historyRoute, async (c) => {
    const shop = c.get('shop')
    const couponId = c.req.valid('param').id
    await catchUp(shop)
    const page = await listCouponHistory(orm.em.fork(), shop, couponId, c.req.valid('query'))
    if (page === 'bad_cursor') return invalidCursor(c)
    if (page.items.length === 0 && !(await readCoupon(redis, shop, couponId))) {
      return problem(c, 'coupon_not_found')
    }
    return reply(c, { ...page, items: page.items.map((it) => ({ ...it, at: isoOf(it.at) })) }, 200)
  })
}
