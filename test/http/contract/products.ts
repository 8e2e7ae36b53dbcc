import { limits } from '../../../src/limits.ts'
import { value } from '../../support/sale.ts'
import { number, pageOf, type RouteContract, text, time } from './contract.ts'
import type { World } from './world.ts'

const optionView = {
  id: text,
  optionValue: 'M',
  price: 1_000,
  stock: 10,
  perUserLimit: 5,
  saleStartsAt: '2025-01-01T00:00:00.000Z',
  saleEndsAt: '2040-01-01T00:00:00.000Z',
  holdMs: 60_000,
}
const productView = {
  id: text,
  name: 'Trainers',
  brand: 'Stride',
  description: 'For the road.',
  status: 'ACTIVE',
  createdAt: time,
  options: [optionView],
}
const { id: _, ...newOption } = optionView
const newProduct = {
  name: 'Trainers',
  brand: 'Stride',
  description: 'For the road.',
  options: [newOption],
}

/** Products, their options, their histories and their sales. */
export const productContracts = (world: World): RouteContract[] => [
  {
    route: 'POST /v1/products',
    auth: 'admin',
    request: async () => ({ path: '/v1/products', body: newProduct }),
    status: 201,
    answer: productView,
  },
  {
    route: 'GET /v1/products',
    auth: 'public',
    async request() {
      const { id } = await aProduct(world)
      await world.updateProduct(id, { brand: id })
      return { path: `/v1/products?status=ACTIVE&limit=1&brand=${id}` }
    },
    status: 200,
    answer: { items: [{ ...productView, brand: text }], nextCursor: text },
  },
  {
    route: 'GET /v1/products/{id}',
    auth: 'public',
    refusals: ['product_not_found'],
    request: async (has) => ({
      path: `/v1/products/${has('product_not_found') ? 'nothing' : (await aProduct(world)).id}`,
    }),
    status: 200,
    answer: productView,
  },
  {
    route: 'PATCH /v1/products/{id}',
    auth: 'admin',
    refusals: ['product_not_found'],
    request: async (has) => ({
      path: `/v1/products/${has('product_not_found') ? 'nothing' : (await aProduct(world)).id}`,
      body: { name: 'Sandals', brand: null, description: null, status: 'INACTIVE' },
    }),
    status: 200,
    answer: {
      ...productView,
      name: 'Sandals',
      brand: null,
      description: null,
      status: 'INACTIVE',
    },
  },
  {
    route: 'PATCH /v1/options/{id}',
    auth: 'admin',
    refusals: ['option_not_found'],
    request: async (has) => ({
      path: `/v1/options/${has('option_not_found') ? 'nothing' : await anOption(world)}`,
      body: {
        price: 900,
        reason: 'sale',
        perUserLimit: null,
        saleStartsAt: null,
        saleEndsAt: null,
        holdMs: null,
      },
    }),
    status: 200,
    answer: {
      ...optionView,
      productId: text,
      price: 900,
      perUserLimit: null,
      saleStartsAt: null,
      saleEndsAt: null,
      holdMs: null,
    },
  },
  {
    route: 'POST /v1/options/{id}/stock-adjustments',
    auth: 'admin',
    key: true,
    refusals: ['idempotency_key_reused', 'option_not_found', 'insufficient_stock', 'stock_limit'],
    async request(has) {
      // A key that was used here was used for an option that is there.
      const isThere = has('idempotency_key_reused') || !has('option_not_found')
      const path = `/v1/options/${isThere ? await anOption(world) : 'nothing'}/stock-adjustments`
      const key = world.newUser()
      if (has('idempotency_key_reused')) {
        await world.post(path, { token: world.admin, key, body: { change: -1, reason: 'count' } })
      }
      // One change cannot both take out too many units and bring in too many.
      let change = 1
      if (has('stock_limit')) change = limits.stockMax
      if (has('insufficient_stock')) change = -11
      return { path, key, body: { change, reason: 'count' } }
    },
    status: 201,
    answer: { change: 1, stock: 11 },
  },
  {
    route: 'GET /v1/products/{id}/price-history',
    auth: 'admin',
    refusals: ['product_not_found'],
    async request(has) {
      const option = await anOption(world)
      value(await world.updateOption(option, { price: 800, reason: 'sale' }))
      value(await world.updateOption(option, { price: 900 }))
      await world.drain()
      const product = has('product_not_found') ? 'nothing' : await world.productOf(option)
      return { path: `/v1/products/${product}/price-history` }
    },
    status: 200,
    answer: pageOf(
      { id: text, optionId: text, oldPrice: 800, newPrice: 900, reason: null, changedAt: time },
      { id: text, optionId: text, oldPrice: 1_000, newPrice: 800, reason: 'sale', changedAt: time },
    ),
  },
  {
    route: 'GET /v1/options/{id}/stock-history',
    auth: 'admin',
    refusals: ['option_not_found'],
    async request(has) {
      const { id, option } = await world.anOrder({ quantity: 2 })
      value(await world.refund(id))
      value(await world.adjust(option, -1))
      await world.drain()
      return { path: `/v1/options/${has('option_not_found') ? 'nothing' : option}/stock-history` }
    },
    status: 200,
    answer: pageOf(
      { id: text, type: 'ADJUST', change: -1, reason: 'count', orderId: null, at: time },
      { id: text, type: 'REFUND', change: 2, reason: null, orderId: text, at: time },
      { id: text, type: 'ORDER', change: -2, reason: null, orderId: text, at: time },
      { id: text, type: 'INITIAL', change: 2, reason: null, orderId: null, at: time },
    ),
  },
  {
    route: 'GET /v1/products/popular',
    auth: 'public',
    async request() {
      await world.anOrder()
      return { path: '/v1/products/popular?days=7&limit=1' }
    },
    status: 200,
    answer: {
      items: [{ rank: 1, productId: text, name: 'Trainers', salesCount: number }],
      from: text,
      to: text,
      timeZone: 'UTC',
    },
  },
  {
    route: 'GET /v1/rankings',
    auth: 'public',
    without: ['shop_closed'],
    request: async () => ({ path: '/v1/rankings' }),
    status: 200,
    answer: {
      date: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10),
      timeZone: 'UTC',
      ...pageOf({ rank: 1, productId: text, name: 'Trainers', salesCount: 2 }),
    },
  },
]

function aProduct(world: World) {
  const { saleStartsAt, saleEndsAt } = newOption
  const window = { saleStartsAt: Date.parse(saleStartsAt), saleEndsAt: Date.parse(saleEndsAt) }
  return world.product([{ ...newOption, ...window }], {
    brand: newProduct.brand,
    description: newProduct.description,
  })
}

async function anOption(world: World): Promise<string> {
  return (await aProduct(world)).options[0]?.id as string
}
