import { createRoute, z } from '@hono/zod-openapi'
import { adjustStock, adjustStockRefusals } from '../engine/adjust-stock.ts'
import { limits } from '../limits.ts'
import { decisionCodes, documented, jsonBody, keyCodes, onceAnswers } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { idParams, integer, text } from './fields.ts'
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
  operationId: 'adjustStock',
  tags: ['products'],
  summary: 'Add units to an option, or take free ones out',
  description:
    'A change, not a new total, so that it is right whatever is sold meanwhile. What is held or sold stays.',
  ...adjustment.about,
  request: {
    params: idParams(sample.optionId),
    body: jsonBody(
      z.strictObject({
        change: integer(-limits.stockMax, limits.stockMax)
          .refine((change) => change !== 0, { message: 'Must not be 0' })
          .openapi({ not: { const: 0 } }),
        reason: text(limits.reasonLengthMax),
      }),
      {
        delivery: { change: 50, reason: 'Second delivery' },
        damaged: { change: -2, reason: 'Damaged in the store' },
      },
    ),
  },
  responses: {
    ...onceAnswers(
      adjustmentSchema,
      { first: 'The adjustment', again: 'The adjustment that this key made before' },
      { delivery: { change: 50, stock: 61 } },
    ),
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
