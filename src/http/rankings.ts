import { createRoute, z } from '@hono/zod-openapi'
import { listRankings } from '../db/rankings.ts'
import { documented, jsonAnswer } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import { date, pageOf, pageQuery, timeZone } from './fields.ts'
import { invalidCursor } from './problem.ts'
import { openReadCopies } from './read-copies.ts'
import { replyJson, toJson } from './reply.ts'
import { openRoutes } from './routes.ts'

const rankingSchema = z
  .object({
    date: z.string().openapi({ format: 'date' }),
    timeZone,
    ...pageOf(
      z.object({
        rank: z.int(),
        productId: z.string(),
        name: z.string(),
        salesCount: z.int().openapi({
          description: 'Units that were paid on the day, less those refunded by its end.',
        }),
      }),
    ).shape,
  })
  .openapi('Ranking')

const ranked = pageExamples([
  { rank: 1, productId: sample.productId, name: 'Trainers', salesCount: 37 },
])
const day = { date: sample.day, timeZone: 'UTC' } as const

const ranking = documented('public', ['invalid_request', 'unavailable'])
const rankingRoute = createRoute({
  method: 'get',
  path: '/v1/rankings',
  operationId: 'readRanking',
  tags: ['products'],
  summary: 'The best-selling products of a day, as the snapshot has them',
  description:
    'A snapshot is taken after the end of its day (UTC) and never changes: a later refund does not touch it. The ' +
    'list of a day without one is empty.',
  ...ranking.about,
  request: {
    query: z.strictObject({
      ...pageQuery,
      date: date.optional().openapi({ description: 'The day; yesterday (UTC) by default.' }),
    }),
  },
  responses: {
    200: jsonAnswer(rankingSchema, 'The products, best first', {
      first: { ...day, ...ranked.first },
      empty: { ...day, ...ranked.empty },
    }),
    ...ranking.refusals,
  },
})

export function rankingRoutes({ orm, identify }: Parts) {
  // No decision changes a snapshot, so what is accepted meanwhile makes no copy old: in a sale each read would else be
  // a query, at the worst time.
  const copyOf = openReadCopies({ acceptedBatches: () => 0 })
  return openRoutes(identify).openapi(rankingRoute, async (c) => {
    const { date = yesterday(), ...query } = c.req.valid('query')
    const shop = c.get('shop')
    const ranking = await copyOf(shop, `ranking ${date} ${JSON.stringify(query)}`, async () => {
      const page = await listRankings(orm.em.fork(), shop, date, query)
      return page === 'bad_cursor' ? null : toJson({ date, timeZone: 'UTC' as const, ...page })
    })
    return ranking ? replyJson(c, ranking, 200) : invalidCursor(c)
  })
}

function yesterday(): string {
  return new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
}
