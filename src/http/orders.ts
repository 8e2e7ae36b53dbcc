import { createRoute, z } from '@hono/zod-openapi'
import { placeOrder, placeOrderRefusals } from '../engine/place-order.ts'
import { readDescriptions } from '../engine/product-texts.ts'
import { readCart } from '../engine/read-cart.ts'
import { hasPlacedOrder } from '../engine/read-orders.ts'
import { limits } from '../limits.ts'
import { nameOf } from '../waiting-room/rooms.ts'
import {
  decisionCodes,
  documented,
  jsonAnswer,
  jsonBody,
  keyCodes,
  leadsTo,
  onceAnswers,
  readCodes,
} from './contract.ts'
import type { Parts } from './dependencies.ts'
import type { Caller } from './environment.ts'
import { pageExamples, sample } from './examples.ts'
import { id, idParams, integer, pageOf, pageQuery, userCouponId } from './fields.ts'
import { operationOf } from './idempotency.ts'
import { listUserOrders } from './order-list.ts'
import {
  describedItem,
  describedItemSchema,
  describedItemsView,
  orderSchema,
  orderStatus,
  orderView,
  paidOrder,
  pendingOrder,
  refundedOrder,
} from './order-view.ts'
import { invalidCursor, problem, refuse, refuseForNow } from './problem.ts'
import { reply, replyOnce } from './reply.ts'
import { openRoutes } from './routes.ts'
import { findVisibleOrder } from './stored-orders.ts'

const orderAmountMax = limits.priceMax * limits.quantityMax * limits.orderItemsMax

const newOrderSchema = z
  .strictObject({
    items: z
      .array(z.strictObject({ optionId: id, quantity: integer(1, limits.quantityMax) }))
      .min(1)
      .max(limits.orderItemsMax)
      .refine((items) => sumLines(items).every((line) => line.quantity <= limits.quantityMax), {
        message: `One option may be ordered ${limits.quantityMax} times at most`,
      })
      .optional(),
    fromCart: z
      .boolean()
      .optional()
      .openapi({ description: 'Take the lines of the cart instead of items, and empty it.' }),
    userCouponId: userCouponId.optional(),
    expectedAmount: integer(0, orderAmountMax)
      .optional()
      .openapi({ description: 'Refuse the order where its final amount is another one.' }),
    pay: z.boolean().default(false).openapi({ description: 'Pay at once from the balance.' }),
  })
  .refine(({ items, fromCart }) => (items === undefined) === (fromCart ?? false), {
    path: ['items'],
    message: 'Send either items or fromCart',
  })
  .openapi({
    oneOf: [
      { required: ['items'], properties: { fromCart: { const: false } } },
      {
        required: ['fromCart'],
        properties: { fromCart: { const: true } },
        not: { required: ['items'] },
      },
    ],
  })

const line = { optionId: sample.optionId, quantity: 1 }
const newOrders = {
  payAtOnce: {
    items: [line],
    userCouponId: sample.userCouponId,
    expectedAmount: sample.paid,
    pay: true,
  },
  reserve: { items: [line], userCouponId: sample.userCouponId },
  fromCart: { fromCart: true, pay: true },
}
const paidAtOnce: typeof paidOrder = {
  ...paidOrder,
  payment: paidOrder.payment && { ...paidOrder.payment, paidAt: sample.orderedAt },
}

const placement = documented('user', [
  ...keyCodes,
  ...decisionCodes(['admission_required', ...placeOrderRefusals]),
])
const placeOrderRoute = createRoute({
  method: 'post',
  path: '/v1/orders',
  operationId: 'placeOrder',
  tags: ['orders'],
  summary: 'Place an order, and pay it at once where asked to',
  description:
    'Lines with the same option are summed. All of the order is taken, or nothing. Without `pay` it holds its units, ' +
    'its coupon and its price until `expiresAt`. An order that costs nothing is COMPLETED at once.',
  ...placement.about,
  request: { body: jsonBody(newOrderSchema, newOrders) },
  responses: {
    ...onceAnswers(
      orderSchema,
      {
        first: 'The order: PENDING, or COMPLETED where it was paid',
        again: 'The order that this key placed before, as first answered',
      },
      { paid: paidAtOnce, pending: pendingOrder },
      leadsTo('id', [
        'readOrder',
        'listOrderItems',
        'payOrder',
        'cancelOrder',
        'refundOrder',
        'listRefunds',
      ]),
    ),
    ...placement.refusals,
  },
})

const one = documented('user', ['invalid_request', ...readCodes(['order_not_found'])])
const orderRoute = createRoute({
  method: 'get',
  path: '/v1/orders/{id}',
  operationId: 'readOrder',
  tags: ['orders'],
  summary: 'An own order; admins see all orders of the shop',
  description:
    'Readable the moment it is accepted. None is shown as PENDING after its deadline. An order of somebody else is ' +
    'answered as one that is not there.',
  ...one.about,
  request: { params: idParams(sample.orderId) },
  responses: {
    200: jsonAnswer(orderSchema, 'The order', { pending: pendingOrder, refunded: refundedOrder }),
    ...one.refusals,
  },
})

const itemsRoute = createRoute({
  method: 'get',
  path: '/v1/orders/{id}/items',
  operationId: 'listOrderItems',
  tags: ['orders'],
  summary: 'The items of an own order with the descriptions of their products as they were sold',
  description:
    'Names, prices and option values are as sold in every answer; this one adds the longer texts.',
  ...one.about,
  request: { params: idParams(sample.orderId) },
  responses: {
    200: jsonAnswer(z.object({ items: z.array(describedItemSchema) }), 'All items of the order', {
      items: { items: [describedItem] },
    }),
    ...one.refusals,
  },
})

const pages = pageExamples([paidOrder])

const list = documented('user', ['invalid_request', ...readCodes()])
const ownOrdersRoute = createRoute({
  method: 'get',
  path: '/v1/me/orders',
  operationId: 'listOwnOrders',
  tags: ['orders'],
  summary: 'Own orders, newest first',
  description: 'An order is listed the moment it is accepted, with its newest status.',
  ...list.about,
  request: { query: z.strictObject({ ...pageQuery, status: orderStatus.optional() }) },
  responses: { 200: jsonAnswer(pageOf(orderSchema), 'The orders', pages), ...list.refusals },
})

const listOfUser = documented('admin', ['invalid_request', ...readCodes()])
const ordersOfUserRoute = createRoute({
  method: 'get',
  path: '/v1/users/{id}/orders',
  operationId: 'listOrders',
  tags: ['users'],
  summary: 'Orders of a user, newest first',
  description:
    'An order is listed the moment it is accepted. The list of an unknown user is empty.',
  ...listOfUser.about,
  request: {
    params: idParams(sample.userId),
    query: z.strictObject({ ...pageQuery, status: orderStatus.optional() }),
  },
  responses: { 200: jsonAnswer(pageOf(orderSchema), 'The orders', pages), ...listOfUser.refusals },
})

/** An order is readable the moment it is accepted: it is in Redis before it is in Postgres. */
export function orderRoutes(parts: Parts) {
  return openRoutes(parts.identify)
    .openapi(placeOrderRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const body = c.req.valid('json')
      const operation = operationOf(c, 'POST /v1/orders', body)
      const { admission } = parts
      // Who repeats an earlier request gets its answer.
      const isRepeated = () => hasPlacedOrder(parts.redis, shop, operation.operationId)
      const rooms = await roomsBefore(parts, c.get('caller'), body.items)
      if (!(await admission.isOpen(c, rooms, isRepeated))) return problem(c, 'admission_required')
      const { items, fromCart, ...terms } = body
      const lines = items ? sumLines(items) : ('cart' as const)
      const command = { shop, userId, ...terms, items: lines, ...operation }
      const place = () => placeOrder(parts.engine, command, parts.storedOrders(shop))
      const { unpaidOrders } = parts
      const outcome =
        body.pay || !unpaidOrders
          ? await place()
          : await unpaidOrders.within({ shop, userId }, { place, isRepeated })
      if ('waitSeconds' in outcome) {
        const detail = 'Too many of your orders were not paid: pay with the order, or wait.'
        return refuseForNow(c, outcome.waitSeconds, { detail })
      }
      if (!outcome.ok) return refuse(c, outcome)
      admission.leave(c, rooms)
      return replyOnce(c, orderView(outcome.value), outcome.replayed)
    })
    .openapi(orderRoute, async (c) => {
      const order = await findVisibleOrder(parts, c.get('caller'), c.req.valid('param').id)
      return order ? reply(c, orderView(order), 200) : problem(c, 'order_not_found')
    })
    .openapi(itemsRoute, async (c) => {
      const order = await findVisibleOrder(parts, c.get('caller'), c.req.valid('param').id)
      if (!order) return problem(c, 'order_not_found')
      const descriptions = await readDescriptions(parts.redis, c.get('shop'), order.items)
      return reply(c, { items: describedItemsView(order, descriptions) }, 200)
    })
    .openapi(ownOrdersRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const page = await listUserOrders(parts, shop, userId, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      return reply(c, { ...page, items: page.items.map(orderView) }, 200)
    })
    .openapi(ordersOfUserRoute, async (c) => {
      const { id: userId } = c.req.valid('param')
      const page = await listUserOrders(parts, c.get('shop'), userId, c.req.valid('query'))
      if (page === 'bad_cursor') return invalidCursor(c)
      return reply(c, { ...page, items: page.items.map(orderView) }, 200)
    })
}

/** The rooms that may stand before an order, by the lines that it names or those of the cart. */
async function roomsBefore(
  { redis, rooms }: Parts,
  { shop, userId }: Caller,
  items: readonly { optionId: string }[] | undefined,
): Promise<string[]> {
  // A sale without rooms does not pay for a look into the cart.
  if (!items && !(await rooms.hasAny(shop))) return []
  const lines = items ?? (await readCart(redis, shop, userId))
  return lines.map(({ optionId }) => nameOf({ kind: 'option', id: optionId }))
}

/** One line per option, in the order in which the options came. */
function sumLines(items: readonly { optionId: string; quantity: number }[]) {
  const quantities = new Map<string, number>()
  for (const { optionId, quantity } of items) {
    quantities.set(optionId, (quantities.get(optionId) ?? 0) + quantity)
  }
  return [...quantities].map(([optionId, quantity]) => ({ optionId, quantity }))
}
