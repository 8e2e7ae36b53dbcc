import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { ProductRecord } from '../domain/events.ts'
import { createProduct } from '../engine/create-product.ts'
import { type HotProduct, listProducts, readProduct } from '../engine/reads.ts'
import { limits } from '../limits.ts'
import { requireAdmin } from './auth.ts'
import { bodyCodes, decisionCodes, documented, jsonAnswer, jsonBody } from './contract.ts'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { id, integer, isoOf, isoTime, pageOf, pageQuery, text, time } from './fields.ts'
import { invalidCursor, problem, refuse } from './problem.ts'
import { reply } from './reply.ts'

const status = z.enum(['ACTIVE', 'INACTIVE', 'OUT_OF_STOCK'])

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
  .refine(({ saleStartsAt: start, saleEndsAt: end }) => !start || !end || start < end, {
    path: ['saleEndsAt'],
    message: 'Must be after saleStartsAt',
  })

const newProductSchema = z.strictObject({
  name: text(limits.nameLengthMax),
  brand: text(limits.nameLengthMax).optional(),
  description: text(limits.descriptionLengthMax).optional(),
  status: status.default('ACTIVE'),
  options: z.array(newOptionSchema).min(1).max(limits.productOptionsMax),
})

const productSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    brand: z.string().nullable(),
    description: z.string().nullable(),
    status,
    createdAt: isoTime,
    options: z.array(
      z.object({
        id: z.string(),
        optionValue: z.string().nullable(),
        price: z.int(),
        stock: z.int().openapi({ description: 'Free units: a hint, the order decides.' }),
        perUserLimit: z.int().nullable(),
        saleStartsAt: isoTime.nullable(),
        saleEndsAt: isoTime.nullable(),
        holdMs: z.int().nullable(),
      }),
    ),
  })
  .openapi('Product')

const creation = documented('admin', [...bodyCodes, ...decisionCodes])
const createProductRoute = createRoute({
  method: 'post',
  path: '/v1/products',
  tags: ['products'],
  summary: 'Put a product with its options on sale',
  ...creation.about,
  middleware: [requireAdmin],
  request: { body: jsonBody(newProductSchema) },
  responses: { 201: jsonAnswer(productSchema, 'The product'), ...creation.refusals },
})

const list = documented('public', ['invalid_request', 'shop_closed', 'unavailable'])
const listProductsRoute = createRoute({
  method: 'get',
  path: '/v1/products',
  tags: ['products'],
  summary: 'Products, newest first',
  ...list.about,
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: jsonAnswer(pageOf(productSchema), 'The products'), ...list.refusals },
})

const one = documented('public', [
  'invalid_request',
  'product_not_found',
  'shop_closed',
  'unavailable',
])
const productRoute = createRoute({
  method: 'get',
  path: '/v1/products/{id}',
  tags: ['products'],
  summary: 'A product with its options',
  ...one.about,
  request: { params: z.object({ id }) },
  responses: { 200: jsonAnswer(productSchema, 'The product'), ...one.refusals },
})

export function productRoutes({ engine, redis }: Dependencies) {
  return new OpenAPIHono<Environment>()
    .openapi(createProductRoute, async (c) => {
      const product = c.req.valid('json')
      const outcome = await createProduct(engine, { shop: c.get('shop'), product })
      if (!outcome.ok) return refuse(c, outcome)
      return reply(c, productView(outcome.value), 201)
    })
    .openapi(listProductsRoute, async (c) => {
      const page = await listProducts(redis, c.get('shop'), c.req.valid('query'))
      if (!page) return invalidCursor(c)
      return reply(c, { ...page, items: page.items.map(hotProductView) }, 200)
    })
    .openapi(productRoute, async (c) => {
      const product = await readProduct(redis, c.get('shop'), c.req.valid('param').id)
      if (!product) return problem(c, 'product_not_found')
      return reply(c, hotProductView(product), 200)
    })
}

function hotProductView(product: HotProduct) {
  return productView({
    ...product,
    options: product.options.map((option) => ({ ...option, stock: option.free })),
  })
}

function productView(product: ProductRecord) {
  return {
    id: product.id,
    name: product.name,
    brand: product.brand ?? null,
    description: product.description ?? null,
    status: product.status,
    createdAt: isoOf(product.createdAt),
    options: product.options.map((option) => ({
      id: option.id,
      optionValue: option.optionValue ?? null,
      price: option.price,
      stock: option.stock,
      perUserLimit: option.perUserLimit ?? null,
      saleStartsAt: isoOf(option.saleStartsAt),
      saleEndsAt: isoOf(option.saleEndsAt),
      holdMs: option.holdMs ?? null,
    })),
  }
}
