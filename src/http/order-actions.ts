import { createRoute, z } from '@hono/zod-openapi'
import { cancelOrder, cancelOrderRefusals } from '../engine/cancel-order.ts'
import { payOrder, payOrderRefusals } from '../engine/pay-order.ts'
import { refuseBody } from './body.ts'
import { bodyCodes, decisionCodes, documented, jsonAnswer } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { id } from './fields.ts'
import { orderSchema, orderView } from './order-view.ts'
import { problem, refuse } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'
import { findOwnOrder } from './stored-orders.ts'

const payment = documented('user', [...bodyCodes, ...decisionCodes(payOrderRefusals)])
const payOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders/{id}/payment',
  tags: ['orders'],
  summary: 'Pay a pending order from the balance',
  description: 'Repeatable: a paid order is answered as it is. A refused payment leaves the hold.',
  ...payment.about,
  guards: [...payment.about.guards, refuseBody],
  request: { params: z.object({ id }) },
  responses: {
    200: jsonAnswer(orderSchema, 'The order, COMPLETED, or by now REFUNDED'),
    ...payment.refusals,
  },
})

const cancellation = documented('user', [...bodyCodes, ...decisionCodes(cancelOrderRefusals)])
const cancelOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders/{id}/cancel',
  tags: ['orders'],
  summary: 'Cancel a pending order',
  description: 'Repeatable: a cancelled order is answered as it is.',
  ...cancellation.about,
  guards: [...cancellation.about.guards, refuseBody],
  request: { params: z.object({ id }) },
  responses: { 200: jsonAnswer(orderSchema, 'The order, CANCELLED'), ...cancellation.refusals },
})

/**
 * Payment and cancellation. An order that ended leaves Redis some time later; from then on its row in Postgres
 * answers as the decision would have.
 */
export function orderActionRoutes({ engine, redis, orm, identify }: Parts) {
  return openRoutes(identify)
    .openapi(payOrderRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const orderId = c.req.valid('param').id
      const outcome = await payOrder(engine, { shop, userId, orderId })
      if (outcome.ok) return reply(c, orderView(outcome.value), 200)
      if (outcome.code !== 'order_not_found') return refuse(c, outcome)
      const order = await findOwnOrder({ redis, orm }, c.get('caller'), orderId)
      switch (order?.status) {
        case undefined:
          return problem(c, 'order_not_found')
        case 'COMPLETED':
        case 'REFUNDED':
          return reply(c, orderView(order), 200)
        case 'CANCELLED':
          return problem(c, 'order_cancelled')
        case 'EXPIRED':
          return problem(c, 'order_expired')
        // A pending order never leaves Redis, so this row is about to change.
        case 'PENDING':
          return problem(c, 'unavailable')
      }
    })
    .openapi(cancelOrderRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const orderId = c.req.valid('param').id
      const outcome = await cancelOrder(engine, { shop, userId, orderId })
      if (outcome.ok) return reply(c, orderView(outcome.value), 200)
      if (outcome.code !== 'order_not_found') return refuse(c, outcome)
      const order = await findOwnOrder({ redis, orm }, c.get('caller'), orderId)
      switch (order?.status) {
        case undefined:
          return problem(c, 'order_not_found')
        case 'CANCELLED':
          return reply(c, orderView(order), 200)
        case 'COMPLETED':
        case 'REFUNDED':
          return problem(c, 'order_completed')
        case 'EXPIRED':
          return problem(c, 'order_expired')
        case 'PENDING':
          return problem(c, 'unavailable')
      }
    })
}
