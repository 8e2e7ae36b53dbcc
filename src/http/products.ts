import { createRoute, z } from '@hono/zod-openapi'
import { createProduct } from '../engine/create-product.ts'
import { readProduct } from '../engine/reads.ts'
import { updateProduct } from '../engine/update-product.ts'
import { limits } from '../limits.ts'
import {
  bodyCodes,
  decisionCodes,
  documented,
  jsonAnswer,
  jsonBody,
  leadsTo,
  readCodes,
} from './contract.ts'
import type { Parts } from './dependencies.ts'
import { pageExamples, sample } from './examples.ts'
import {
  anyChange,
  idParams,
  integer,
  isForward,
  lines,
  pageOf,
  pageQuery,
  text,
  time,
} from './fields.ts'
import { invalidCursor, problem, refuse } from './problem.ts'
import { listMatchingProducts } from './product-list.ts'
import {
  newProductView,
  productSchema,
  productStatus,
  productView,
  trainers,
} from './product-view.ts'
import { reply, replyJson, toJson } from './reply.ts'
import { openRoutes } from './routes.ts'

const newOptionSchema = z
  .strictObject({
    optionValue: text(limits.nameLengthMax).optional(),
    price: integer(0, limits.priceMax),
    stock: integer(0, limits.stockMax),
    perUserLimit: integer(1, limits.stockMax).optional(),
    saleStartsAt: time.optional(),
    saleEndsAt: time.optional(),
    holdMs: integer(limits.optionHoldMsMin, limits.optionHoldMsMax)
      .optional()
      .openapi({ description: 'A shorter deadline for pending orders with this option.' }),
  })
  .refine(({ saleStartsAt, saleEndsAt }) => isForward(saleStartsAt, saleEndsAt), {
    path: ['saleEndsAt'],
    message: 'Must be after saleStartsAt',
  })

const newProductSchema = z.strictObject({
  name: text(limits.nameLengthMax),
  brand: text(limits.nameLengthMax).optional(),
  description: lines(limits.descriptionLengthMax).optional(),
  status: productStatus.default('ACTIVE'),
  options: z.array(newOptionSchema).min(1).max(limits.productOptionsMax),
})

const newTrainers = {
  name: trainers.name,
  brand: 'Stride',
  description: 'Light shoes for the road.',
  options: [
    {
      optionValue: 'EU 42',
      price: sample.price,
      stock: 50,
      perUserLimit: 2,
      saleStartsAt: sample.startsAt,
    },
  ],
}

const creation = documented('admin', [...bodyCodes, ...decisionCodes([])])
const createProductRoute = createRoute({
  method: 'post',
  path: '/v1/products',
  operationId: 'createProduct',
  tags: ['products'],
  summary: 'Put a product with its options on sale',
  description:
    'It can be ordered as soon as it is answered, within the sale window of each option. What has no sizes or ' +
    'colours is a product with one option. Sent twice, it makes two products.',
  ...creation.about,
  request: {
    body: jsonBody(newProductSchema, {
      trainers: newTrainers,
      simple: { name: 'Cap', options: [{ price: 2_500, stock: 1_000 }] },
    }),
  },
  responses: {
    201: jsonAnswer(
      productSchema,
      'The product',
      { trainers },
      {
        ...leadsTo('id', ['readProduct', 'updateProduct', 'listPriceChanges']),
        ...leadsTo('options/0/id', ['updateOption', 'adjustStock', 'listStockChanges']),
        ...leadsTo('options/0/id', ['setCartItem', 'removeCartItem'], 'optionId'),
      },
    ),
    ...creation.refusals,
  },
})

const list = documented('public', ['invalid_request', ...readCodes()])
const listProductsRoute = createRoute({
  method: 'get',
  path: '/v1/products',
  operationId: 'listProducts',
  tags: ['products'],
  summary: 'Products, newest first',
  description:
    `Where a filter is given, one request looks at no more than ${limits.productsScannedMax} products: a page may ` +
    'then be short, or even empty, while nextCursor is not null and leads on.',
  ...list.about,
  request: {
    query: z.strictObject({
      ...pageQuery,
      status: productStatus.optional(),
      brand: text(limits.nameLengthMax).optional(),
    }),
  },
  responses: {
    200: jsonAnswer(pageOf(productSchema), 'The products', pageExamples([trainers])),
    ...list.refusals,
  },
})

const one = documented('public', ['invalid_request', ...readCodes(['product_not_found'])])
const productRoute = createRoute({
  method: 'get',
  path: '/v1/products/{id}',
  operationId: 'readProduct',
  tags: ['products'],
  summary: 'A product with its options',
  description: 'At most a quarter of a second old. The stock is a hint: the order decides.',
  ...one.about,
  request: { params: idParams(sample.productId) },
  responses: { 200: jsonAnswer(productSchema, 'The product', { trainers }), ...one.refusals },
})

const update = documented('admin', [...bodyCodes, ...decisionCodes(['product_not_found'])])
const updateProductRoute = createRoute({
  method: 'patch',
  path: '/v1/products/{id}',
  operationId: 'updateProduct',
  tags: ['products'],
  summary: 'Change what a product says of itself, or take it off sale',
  description:
    'null takes a text away. Orders keep the texts that were sold. A product that is set OUT_OF_STOCK is on sale ' +
    'again once units are added to one of its options.',
  ...update.about,
  request: {
    params: idParams(sample.productId),
    body: jsonBody(
      z
        .strictObject({
          name: text(limits.nameLengthMax).optional(),
          brand: text(limits.nameLengthMax).nullable().optional(),
          description: lines(limits.descriptionLengthMax).nullable().optional(),
          status: productStatus.optional(),
        })
        .refine(...anyChange)
        .openapi({ minProperties: 1 }),
      {
        takeOffSale: { status: 'INACTIVE' },
        rewrite: { name: 'Trainers 2', brand: null, description: 'Lighter shoes for the road.' },
      },
    ),
  },
  responses: {
    200: jsonAnswer(productSchema, 'The product after the change', {
      offSale: { ...trainers, status: 'INACTIVE' },
    }),
    ...update.refusals,
  },
})

export function productRoutes({ engine, redis, copyOf, identify }: Parts) {
  return openRoutes(identify)
    .openapi(createProductRoute, async (c) => {
      const product = c.req.valid('json')
      const outcome = await createProduct(engine, { shop: c.get('shop'), product })
      if (!outcome.ok) return refuse(c, outcome)
      return reply(c, newProductView(outcome.value), 201)
    })
    .openapi(listProductsRoute, async (c) => {
      const shop = c.get('shop')
      const query = c.req.valid('query')
      const page = await copyOf(shop, `products ${JSON.stringify(query)}`, async () => {
        const found = await listMatchingProducts(redis, shop, query)
        return found && toJson({ ...found, items: found.items.map(productView) })
      })
      return page ? replyJson(c, page, 200) : invalidCursor(c)
    })
    .openapi(productRoute, async (c) => {
      const shop = c.get('shop')
      const productId = c.req.valid('param').id
      const product = await copyOf(shop, `product ${productId}`, async () => {
        const found = await readProduct(redis, shop, productId)
        return found && toJson(productView(found))
      })
      return product ? replyJson(c, product, 200) : problem(c, 'product_not_found')
    })
    .openapi(updateProductRoute, async (c) => {
      const { id: productId } = c.req.valid('param')
      const shop = c.get('shop')
      const changes = c.req.valid('json')
      const outcome = await updateProduct(engine, { shop, productId, changes })
      if (!outcome.ok) return refuse(c, outcome)
      const product = await readProduct(redis, shop, productId)
      if (!product) return problem(c, 'product_not_found')
      return reply(c, productView(product), 200)
    })
}
