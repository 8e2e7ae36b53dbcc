import { createRoute, z } from '@hono/zod-openapi'
import { type CartLine, readCart } from '../engine/read-cart.ts'
import { removeCartItem, setCartItem, setCartItemRefusals } from '../engine/set-cart-item.ts'
import { limits } from '../limits.ts'
import { nameOf } from '../waiting-room/rooms.ts'
import { refuseBody } from './body.ts'
import {
  bodyCodes,
  decisionCodes,
  documented,
  jsonAnswer,
  jsonBody,
  readCodes,
} from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { id, integer, isoOf, isoTime } from './fields.ts'
import { problem, refuse } from './problem.ts'
import { productStatus } from './product-view.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const cartSchema = z
  .object({
    items: z.array(
      z.object({
        optionId: z.string(),
        productId: z.string(),
        productName: z.string(),
        optionValue: z.string().nullable(),
        status: productStatus.openapi({
          description: "The product's, or OUT_OF_STOCK where no unit of the option is free.",
        }),
        unitPrice: z.int(),
        quantity: z.int(),
        subtotal: z.int(),
        stock: z.int().openapi({ description: 'Free units: a hint, the order decides.' }),
        saleStartsAt: isoTime.nullable(),
        saleEndsAt: isoTime.nullable(),
      }),
    ),
    total: z.int().openapi({ description: 'What the lines cost now, before any coupon.' }),
  })
  .openapi('Cart')

const filled: z.infer<typeof cartSchema> = {
  items: [
    {
      optionId: sample.optionId,
      productId: sample.productId,
      productName: 'Trainers',
      optionValue: 'EU 42',
      status: 'ACTIVE',
      unitPrice: sample.price,
      quantity: 2,
      subtotal: 2 * sample.price,
      stock: 50,
      saleStartsAt: sample.startsAt,
      saleEndsAt: null,
    },
  ],
  total: 2 * sample.price,
}
const empty: typeof filled = { items: [], total: 0 }
const optionParams = z.object({
  optionId: id.openapi({ param: { example: sample.optionId } }),
})

const reading = documented('user', readCodes())
const cartRoute = createRoute({
  method: 'get',
  path: '/v1/me/cart',
  operationId: 'readCart',
  tags: ['cart'],
  summary: 'The own cart with the prices and the stock of this moment',
  description: 'A cart holds no stock and no price: an order takes both as they then are.',
  ...reading.about,
  responses: { 200: jsonAnswer(cartSchema, 'The cart', { filled, empty }), ...reading.refusals },
})

const setting = documented('user', [
  ...bodyCodes,
  ...decisionCodes(['admission_required', ...setCartItemRefusals]),
])
const setItemRoute = createRoute({
  method: 'put',
  path: '/v1/me/cart/items/{optionId}',
  operationId: 'setCartItem',
  tags: ['cart'],
  summary: 'Put an option into the own cart, or change its quantity',
  description:
    'Says what the quantity shall be, so it may be repeated. Nothing is taken or held by it.',
  ...setting.about,
  request: {
    params: optionParams,
    body: jsonBody(z.strictObject({ quantity: integer(1, limits.quantityMax) }), {
      pair: { quantity: 2 },
    }),
  },
  responses: {
    200: jsonAnswer(cartSchema, 'The cart after the change', { filled }),
    ...setting.refusals,
  },
})

const removal = documented('user', [...bodyCodes, ...decisionCodes(['option_not_found'])])
const removeItemRoute = createRoute({
  method: 'delete',
  path: '/v1/me/cart/items/{optionId}',
  operationId: 'removeCartItem',
  tags: ['cart'],
  summary: 'Take an option out of the own cart, whether or not it is in it',
  description: 'It may be repeated. Only an option that never was is refused.',
  ...removal.about,
  guards: [...removal.about.guards, refuseBody],
  request: { params: optionParams },
  responses: {
    200: jsonAnswer(cartSchema, 'The cart after the change', { empty }),
    ...removal.refusals,
  },
})

export function cartRoutes({ engine, redis, admission, identify }: Parts) {
  return openRoutes(identify)
    .openapi(cartRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      return reply(c, cartView(await readCart(redis, shop, userId)), 200)
    })
    .openapi(setItemRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const { optionId } = c.req.valid('param')
      const { quantity } = c.req.valid('json')
      // Or a line could come in between the order's look into the cart and the order.
      const rooms = [nameOf({ kind: 'option', id: optionId })]
      if (!(await admission.isOpen(c, rooms, never))) return problem(c, 'admission_required')
      const outcome = await setCartItem(engine, { shop, userId, optionId, quantity })
      if (!outcome.ok) return refuse(c, outcome)
      return reply(c, cartView(await readCart(redis, shop, userId)), 200)
    })
    .openapi(removeItemRoute, async (c) => {
      const { userId, shop } = c.get('caller')
      const { optionId } = c.req.valid('param')
      const outcome = await removeCartItem(engine, { shop, userId, optionId })
      if (!outcome.ok) return refuse(c, outcome)
      return reply(c, cartView(await readCart(redis, shop, userId)), 200)
    })
}

const never = async () => false

function cartView(lines: CartLine[]): z.infer<typeof cartSchema> {
  const items = lines.map((line) => ({
    optionId: line.optionId,
    productId: line.productId,
    productName: line.productName,
    optionValue: line.optionValue ?? null,
    status: line.status === 'ACTIVE' && line.stock === 0 ? ('OUT_OF_STOCK' as const) : line.status,
    unitPrice: line.unitPrice,
    quantity: line.quantity,
    subtotal: line.unitPrice * line.quantity,
    stock: line.stock,
    saleStartsAt: isoOf(line.saleStartsAt),
    saleEndsAt: isoOf(line.saleEndsAt),
  }))
  return { items, total: items.reduce((total, item) => total + item.subtotal, 0) }
}
