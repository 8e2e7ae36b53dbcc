import { createRoute } from '@hono/zod-openapi'
import { cancelOrder, cancelOrderRefusals } from '../engine/cancel-order.ts'
import { payOrder, payOrderRefusals } from '../engine/pay-order.ts'
import { refuseBody } from './body.ts'
import { bodyCodes, decisionCodes, documented, jsonAnswer } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { idParams } from './fields.ts'
import { cancelledOrder, orderSchema, orderView, paidOrder, refundedOrder } from './order-view.ts'
import { refuse } from './problem.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const payment = documented('user', [...bodyCodes, ...decisionCodes(payOrderRefusals)])
const payOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders/{id}/payment',
  operationId: 'payOrder',
  tags: ['orders'],
  summary: 'Pay a pending order from the balance',
  description: 'Repeatable: a paid order is answered as it is. A refused payment leaves the hold.',
  ...payment.about,
  guards: [...payment.about.guards, refuseBody],
  request: { params: idParams(sample.orderId) },
  responses: {
    200: jsonAnswer(orderSchema, 'The order, COMPLETED, or by now REFUNDED', {
      paid: paidOrder,
      refunded: refundedOrder,
    }),
    ...payment.refusals,
  },
})

const cancellation = documented('user', [...bodyCodes, ...decisionCodes(cancelOrderRefusals)])
const cancelOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders/{id}/cancel',
  operationId: 'cancelOrder',
  tags: ['orders'],
  summary: 'Cancel a pending order',
  description:
    'What it holds is free again at once: units, coupon and allowance. Repeatable: a cancelled order is answered as ' +
    'it is.',
  ...cancellation.about,
  guards: [...cancellation.about.guards, refuseBody],
  request: { params: idParams(sample.orderId) },
  responses: {
    200: jsonAnswer(orderSchema, 'The order, CANCELLED', { cancelled: cancelledOrder }),
    ...cancellation.refusals,
  },
})

/** Payment and cancellation. An order that has ended leaves Redis; from then on its row in Postgres answers. */
export function orderActionRoutes({ engine, storedOrders, unpaidOrders, identify }: Parts) {
  return openRoutes(identify)
    .openapi(payOrderRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const command = { shop, userId, orderId: c.req.valid('param').id }
      const outcome = await payOrder(engine, command, storedOrders(shop))
      if (outcome.ok && !outcome.replayed) unpaidOrders?.forgive({ shop, userId })
      return outcome.ok ? reply(c, orderView(outcome.value), 200) : refuse(c, outcome)
    })
    .openapi(cancelOrderRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const command = { shop, userId, orderId: c.req.valid('param').id }
      const outcome = await cancelOrder(engine, command, storedOrders(shop))
      return outcome.ok ? reply(c, orderView(outcome.value), 200) : refuse(c, outcome)
    })
}
