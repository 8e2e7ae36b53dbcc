import { createRoute, z } from '@hono/zod-openapi'
import { listCouponHistory } from '../db/coupons.ts'
import { readCoupon } from '../engine/reads.ts'
import { documented, jsonAnswer, readCodes } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import { idParams, isoOf, isoTime, pageOf, pageQuery } from './fields.ts'
import { invalidCursor, problem } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const changeSchema = z
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
  .openapi('CouponChange')

const claim = { userCouponId: sample.userCouponId, userId: sample.userId }
const changes: z.infer<typeof changeSchema>[] = [
  {
    ...claim,
    id: '1883367494031245312',
    action: 'HELD',
    orderId: sample.orderId,
    appliedDiscount: sample.discount,
    at: sample.orderedAt,
  },
  {
    ...claim,
    id: '1883367486382931968',
    action: 'ISSUED',
    orderId: null,
    appliedDiscount: null,
    at: sample.claimedAt,
  },
]

const history = documented('admin', ['invalid_request', ...readCodes(['coupon_not_found'])])
const historyRoute = createRoute({
  method: 'get',
  path: '/v1/coupons/{id}/history',
  operationId: 'listCouponChanges',
  tags: ['coupons'],
  summary: 'What happened to the user coupons of a coupon, newest first',
  description:
    'Each begins with ISSUED. An order takes it with HELD or USED, and may give it back with RESTORED.',
  ...history.about,
  request: { params: idParams(sample.couponId), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonAnswer(pageOf(changeSchema), 'The changes', pageExamples(changes)),
    ...history.refusals,
  },
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
