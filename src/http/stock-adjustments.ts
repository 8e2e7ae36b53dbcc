import { createRoute, z } from '@hono/zod-openapi'
import { adjustStock, adjustStockRefusals } from '../engine/adjust-stock.ts'
import { limits } from '../limits.ts'
import { decisionCodes, documented, jsonAnswer, jsonBody, keyCodes } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { id, integer, text } from './fields.ts'
import { operationOf } from './idempotency.ts'
import { refuse } from './problem.ts'
import { replyOnce } from './reply.ts'
import { openRoutes } from './routes.ts'

const adjustmentSchema = z
  .object({
    change: z.int(),
    stock: z.int().openapi({ description: 'Free units after the change.' }),
  })
  .openapi('StockAdjustment')

const adjustment = documented('admin', [...keyCodes, ...decisionCodes(adjustStockRefusals)])
const adjustStockRoute = createRoute({
  method: 'post',
  path: '/v1/options/{id}/stock-adjustments',
  tags: ['products'],
  summary: 'Add units to an option, or take free ones out',
  ...adjustment.about,
  request: {
    params: z.object({ id }),
    body: jsonBody(
      z.strictObject({
        change: integer(-limits.stockMax, limits.stockMax).refine((change) => change !== 0, {
          message: 'Must not be 0',
        }),
        reason: text(limits.reasonLengthMax),
      }),
    ),
  },
  responses: {
    200: jsonAnswer(adjustmentSchema, 'The adjustment that this key made before'),
    201: jsonAnswer(adjustmentSchema, 'The adjustment'),
    ...adjustment.refusals,
  },
})

export function stockAdjustmentRoutes({ engine, identify }: Parts) {
  return openRoutes(identify).openapi(adjustStockRoute, async (c) => {
    const { id: optionId } = c.req.valid('param')
    const body = c.req.valid('json')
    const outcome = await adjustStock(engine, {
      shop: c.get('shop'),
      optionId,
      ...body,
      ...operationOf(c, `POST /v1/options/${optionId}/stock-adjustments`, body),
    })
    if (!outcome.ok) return refuse(c, outcome)
    const { change, stock } = outcome.value
    return replyOnce(c, { change, stock }, outcome.replayed)
  })
}
