import { createRoute, z } from '@hono/zod-openapi'
import { listPriceHistory, listStockHistory } from '../db/product-history.ts'
import { readFields, readProduct } from '../engine/reads.ts'
import { documented, jsonAnswer, readCodes } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import { idParams, isoOf, isoTime, pageOf, pageQuery } from './fields.ts'
import { invalidCursor, problem } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const priceChangeSchema = z
  .object({
    id: z.string(),
    optionId: z.string(),
    oldPrice: z.int(),
    newPrice: z.int(),
    reason: z.string().nullable(),
    changedAt: isoTime,
  })
  .openapi('PriceChange')

const reduction: z.infer<typeof priceChangeSchema> = {
  id: '1883542118570393600',
  optionId: sample.optionId,
  oldPrice: sample.price,
  newPrice: 7_900,
  reason: 'Last pairs',
  changedAt: sample.refundedAt,
}

const prices = documented('admin', ['invalid_request', ...readCodes(['product_not_found'])])
const priceHistoryRoute = createRoute({
  method: 'get',
  path: '/v1/products/{id}/price-history',
  operationId: 'listPriceChanges',
  tags: ['products'],
  summary: 'Price changes of all options of a product, newest first',
  description:
    'The first price of an option is no change. Orders keep the price that they were placed at.',
  ...prices.about,
  request: { params: idParams(sample.productId), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonAnswer(pageOf(priceChangeSchema), 'The changes', pageExamples([reduction])),
    ...prices.refusals,
  },
})

const stockChangeSchema = z
  .object({
    id: z.string(),
    type: z.enum(['INITIAL', 'ADJUST', 'ORDER', 'CANCEL', 'EXPIRE', 'REFUND']),
    change: z.int().openapi({ description: 'Free units that came in, or below zero went out.' }),
    reason: z.string().nullable(),
    orderId: z.string().nullable(),
    at: isoTime,
  })
  .openapi('StockChange')

const stockChanges: z.infer<typeof stockChangeSchema>[] = [
  {
    id: '1883367494031245312',
    type: 'ORDER',
    change: -1,
    reason: null,
    orderId: sample.orderId,
    at: sample.orderedAt,
  },
  {
    id: '1883365598822400000',
    type: 'INITIAL',
    change: 50,
    reason: null,
    orderId: null,
    at: sample.createdAt,
  },
]

const stock = documented('admin', ['invalid_request', ...readCodes(['option_not_found'])])
const stockHistoryRoute = createRoute({
  method: 'get',
  path: '/v1/options/{id}/stock-history',
  operationId: 'listStockChanges',
  tags: ['products'],
  summary: 'Changes of the free units of an option, newest first',
  description: 'All of them together are its free units.',
  ...stock.about,
  request: { params: idParams(sample.optionId), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonAnswer(pageOf(stockChangeSchema), 'The changes', pageExamples(stockChanges)),
    ...stock.refusals,
  },
})

export function productHistoryRoutes({ redis, orm, catchUp, identify }: Parts) {
  return openRoutes(identify)
    .openapi(priceHistoryRoute, async (c) => {
      const shop = c.get('shop')
      const productId = c.req.valid('param').id
      await catchUp(shop)
      const page = await listPriceHistory(orm.em.fork(), shop, productId, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      if (page.items.length === 0 && !(await readProduct(redis, shop, productId))) {
        return problem(c, 'product_not_found')
      }
      const items = page.items.map((it) => ({ ...it, changedAt: isoOf(it.changedAt) }))
      return reply(c, { ...page, items }, 200)
    })
    .openapi(stockHistoryRoute, async (c) => {
      const shop = c.get('shop')
      const optionId = c.req.valid('param').id
      await catchUp(shop)
      const page = await listStockHistory(orm.em.fork(), shop, optionId, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      if (page.items.length === 0) {
        const [option] = await readFields(redis, shop, 'options', [optionId])
        if (!option) return problem(c, 'option_not_found')
      }
      const items = page.items.map((it) => ({ ...it, at: isoOf(it.at) }))
      return reply(c, { ...page, items }, 200)
    })
}
