import { createRoute, z } from '@hono/zod-openapi'
import { readProduct } from '../engine/reads.ts'
import { updateOption } from '../engine/update-option.ts'
import { limits } from '../limits.ts'
import { bodyCodes, decisionCodes, documented, jsonAnswer, jsonBody } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { anyChange, idParams, integer, isForward, text, time } from './fields.ts'
import { invalidRequest, problem, refuse } from './problem.ts'
import { optionSchema, optionView, trainersOption } from './product-view.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const backwards = { path: 'saleEndsAt', message: 'Must be after saleStartsAt' }

const changesSchema = z
  .strictObject({
    price: integer(0, limits.priceMax).optional(),
    reason: text(limits.reasonLengthMax)
      .optional()
      .openapi({ description: 'Why the price changes, for its history.' }),
    perUserLimit: integer(1, limits.stockMax).nullable().optional(),
    saleStartsAt: time.nullable().optional(),
    saleEndsAt: time.nullable().optional(),
    holdMs: integer(limits.optionHoldMsMin, limits.optionHoldMsMax).nullable().optional(),
  })
  .refine(...anyChange)
  .refine(({ price, reason }) => reason === undefined || price !== undefined, {
    path: ['reason'],
    message: 'Belongs to a price',
  })
  .refine(({ saleStartsAt, saleEndsAt }) => isForward(saleStartsAt, saleEndsAt), {
    path: [backwards.path],
    message: backwards.message,
  })
  .openapi({
    minProperties: 1,
    anyOf: [{ required: ['price'] }, { not: { required: ['reason'] } }],
  })

// A window that would end before it starts is an invalid request, also where its other end is the stored one.
const update = documented('admin', [...bodyCodes, ...decisionCodes(['option_not_found'])])
const updateOptionRoute = createRoute({
  method: 'patch',
  path: '/v1/options/{id}',
  operationId: 'updateOption',
  tags: ['products'],
  summary: 'Change the price, the limit per user, the sale window or the hold of an option',
  description:
    'null takes a limit, an end of the window or a hold away. Orders that are placed keep their price and deadline.',
  ...update.about,
  request: {
    params: idParams(sample.optionId),
    body: jsonBody(changesSchema, {
      reducePrice: { price: 7_900, reason: 'Last pairs' },
      openEnded: { saleEndsAt: null, perUserLimit: null },
    }),
  },
  responses: {
    200: jsonAnswer(
      z.object({ ...optionSchema.shape, productId: z.string() }).openapi('Option'),
      'The option after the change',
      { reduced: { ...trainersOption, price: 7_900, productId: sample.productId } },
    ),
    ...update.refusals,
  },
})

export function optionRoutes({ engine, redis, identify }: Parts) {
  return openRoutes(identify).openapi(updateOptionRoute, async (c) => {
    const { id: optionId } = c.req.valid('param')
    const shop = c.get('shop')
    const outcome = await updateOption(engine, { shop, optionId, changes: c.req.valid('json') })
    if (!outcome.ok) {
      if (outcome.code === 'invalid_window') return invalidRequest(c, [backwards])
      return refuse(c, { ...outcome, code: outcome.code })
    }
    const { productId } = outcome.value
    const product = await readProduct(redis, shop, productId)
    const option = product?.options.find((one) => one.id === optionId)
    if (!option) return problem(c, 'option_not_found')
    return reply(c, { ...optionView(option), productId }, 200)
  })
}
