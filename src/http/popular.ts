import { createRoute, z } from '@hono/zod-openapi'
import { popularProducts } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import { documented, jsonAnswer, readCodes } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { countQuery, timeZone } from './fields.ts'
import { replyJson, toJson } from './reply.ts'
import { openRoutes } from './routes.ts'

const popular = documented('public', ['invalid_request', ...readCodes()])
const popularRoute = createRoute({
  method: 'get',
  path: '/v1/products/popular',
  operationId: 'listPopularProducts',
  tags: ['products'],
  summary: 'The best-selling products of the last days, today included (UTC)',
  description: 'Live: a refund takes its units out of the day on which they were paid.',
  ...popular.about,
  request: {
    query: z.strictObject({
      days: countQuery(limits.rankingDaysMax, 1),
      limit: countQuery(limits.pageItemsMax, limits.pageItemsDefault),
    }),
  },
  responses: {
    200: jsonAnswer(
      z
        .object({
          items: z.array(
            z.object({
              rank: z.int(),
              productId: z.string(),
              name: z.string(),
              salesCount: z.int().openapi({ description: 'Paid units.' }),
            }),
          ),
          from: z.string().openapi({ format: 'date' }),
          to: z.string().openapi({ format: 'date' }),
          timeZone,
        })
        .openapi('PopularProducts'),
      'The products, best first',
      {
        today: {
          items: [
            { rank: 1, productId: sample.productId, name: 'Trainers', salesCount: 38 },
            { rank: 2, productId: 'd3b7n1y5u8cf', name: 'Cap', salesCount: 12 },
          ],
          from: sample.day,
          to: sample.day,
          timeZone: 'UTC',
        },
      },
    ),
    ...popular.refusals,
  },
})

export function popularRoutes({ redis, copyOf, identify }: Parts) {
  return openRoutes(identify).openapi(popularRoute, async (c) => {
    const shop = c.get('shop')
    const window = c.req.valid('query')
    const popular = await copyOf(shop, `popular ${window.days} ${window.limit}`, async () =>
      toJson({ ...(await popularProducts(redis, shop, window)), timeZone: 'UTC' as const }),
    )
    return replyJson(c, popular, 200)
  })
}
