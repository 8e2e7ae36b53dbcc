import { createRoute, z } from '@hono/zod-openapi'
import { listRefunds } from '../db/refunds.ts'
import { refundOrder, refundOrderRefusals } from '../engine/refund-order.ts'
import { limits } from '../limits.ts'
import {
  decisionCodes,
  documented,
  jsonAnswer,
  keyCodes,
  onceAnswers,
  optionalJsonBody,
  readCodes,
} from './contract.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import { idParams, integer, isoOf, isoTime, orderItemId, pageOf, pageQuery } from './fields.ts'
import { operationOf } from './idempotency.ts'
import { invalidCursor, problem, refuse } from './problem.ts'
import { reply, replyOnce } from './reply.ts'
import { openRoutes } from './routes.ts'
import { findVisibleOrder } from './stored-orders.ts'

const refundSchema = z
  .object({
    id: z.string(),
    orderId: z.string(),
    userId: z.string(),
    amount: z.int(),
    restock: z.boolean(),
    items: z.array(z.object({ orderItemId: z.string(), quantity: z.int(), amount: z.int() })),
    at: isoTime,
  })
  .openapi('Refund')

/** What alice got back for her trainers. */
const refunded: z.infer<typeof refundSchema> = {
  id: '1a23af93d0eR1uYk5DqPz8sVxTn4HcWb3',
  orderId: sample.orderId,
  userId: sample.userId,
  amount: sample.paid,
  restock: true,
  items: [{ orderItemId: sample.orderItemId, quantity: 1, amount: sample.paid }],
  at: sample.refundedAt,
}

const newRefundSchema = z
  .object({
    ...refundSchema.shape,
    orderStatus: z
      .enum(['COMPLETED', 'REFUNDED'])
      .openapi({ description: "The order's status after this refund." }),
  })
  .openapi('NewRefund')

const refund = documented('admin', [...keyCodes, ...decisionCodes(refundOrderRefusals)])
const refundOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders/{id}/refunds',
  operationId: 'refundOrder',
  tags: ['orders'],
  summary: "Pay an order back to its user's balance, whole or in part",
  description:
    'A part is what was paid for its units, after their share of the discount; all parts sum to what was paid. Lines ' +
    'with the same item are summed. Without items it is all that is left. Units count for the limit per user no ' +
    'more; with restock they are on sale again.',
  ...refund.about,
  request: {
    params: idParams(sample.orderId),
    body: optionalJsonBody(
      z.strictObject({
        items: z
          .array(z.strictObject({ orderItemId, quantity: integer(1, limits.quantityMax) }))
          .min(1)
          .max(limits.orderItemsMax)
          .optional(),
        restock: z.boolean().optional().openapi({ default: true }),
      }),
      {
        whole: {},
        part: { items: [{ orderItemId: sample.orderItemId, quantity: 1 }] },
        broken: { items: [{ orderItemId: sample.orderItemId, quantity: 1 }], restock: false },
      },
    ),
  },
  responses: {
    ...onceAnswers(
      newRefundSchema,
      { first: 'The refund', again: 'The refund that this key made before' },
      { whole: { ...refunded, orderStatus: 'REFUNDED' } },
    ),
    ...refund.refusals,
  },
})

const list = documented('user', ['invalid_request', ...readCodes(['order_not_found'])])
const refundsRoute = createRoute({
  method: 'get',
  path: '/v1/orders/{id}/refunds',
  operationId: 'listRefunds',
  tags: ['orders'],
  summary: 'The refunds of an own order, newest first; admins see those of all orders of the shop',
  description: 'What they sum to is `refundedAmount` of the order.',
  ...list.about,
  request: { params: idParams(sample.orderId), query: z.strictObject(pageQuery) },
  responses: {
    200: jsonAnswer(pageOf(refundSchema), 'The refunds', pageExamples([refunded])),
    ...list.refusals,
  },
})

/** An order that has left Redis is brought along from Postgres, where its decision does not find it. */
export function refundRoutes(parts: Parts) {
  const { engine, orm, catchUp, identify, storedOrders } = parts
  return openRoutes(identify)
    .openapi(refundOrderRoute, async (c) => {
      const shop = c.get('shop')
      const orderId = c.req.valid('param').id
      const body = { restock: true, ...c.req.valid('json') }
      const command = {
        shop,
        orderId,
        restock: body.restock,
        items: sumParts(body.items ?? []),
        ...operationOf(c, `POST /v1/orders/${orderId}/refunds`, body),
      }
      const outcome = await refundOrder(engine, command, storedOrders(shop))
      if (!outcome.ok) return refuse(c, outcome)
      const { fingerprint, at, ...facts } = outcome.value
      return replyOnce(c, { ...facts, at: isoOf(at) }, outcome.replayed)
    })
    .openapi(refundsRoute, async (c) => {
      const caller = c.get('caller')
      const orderId = c.req.valid('param').id
      await catchUp(caller.shop)
      const page = await listRefunds(orm.em.fork(), caller.shop, orderId, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      if (!(await findVisibleOrder(parts, caller, orderId))) return problem(c, 'order_not_found')
      return reply(
        c,
        { ...page, items: page.items.map((it) => ({ ...it, at: isoOf(it.at) })) },
        200,
      )
    })
}

/** One part per item, in the order in which the items came. */
function sumParts(items: readonly { orderItemId: string; quantity: number }[]) {
  const quantities = new Map<string, number>()
  for (const { orderItemId, quantity } of items) {
    quantities.set(orderItemId, (quantities.get(orderItemId) ?? 0) + quantity)
  }
  return [...quantities].map(([orderItemId, quantity]) => ({ orderItemId, quantity }))
}
