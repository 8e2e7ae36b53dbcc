import { describe, expect, it } from 'vitest'
import { uniqueShop } from '../support/redis.ts'
import { openSale } from '../support/sale.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, get, post, shop } = client
const inShop = { headers: { 'x-shop': shop } }

describe('products', () => {
  it('creates a product whose options everybody can read at once', async () => {
    const body = {
      name: 'Trainers',
      brand: 'Stride',
      options: [
        {
          optionValue: '42',
          price: 1_000,
          stock: 5,
          perUserLimit: 2,
          saleStartsAt: '2030-01-01T00:00:00Z',
          saleEndsAt: '2030-01-01T03:00:00+02:00',
          holdMs: 60_000,
        },
        { price: 0, stock: 0 },
      ],
    }
    const created = await post('/v1/products', { token: admin, body })
    expect(created.status).toBe(201)
    expect(created.body).toEqual({
      id: expect.any(String),
      name: 'Trainers',
      brand: 'Stride',
      description: null,
      status: 'ACTIVE',
      createdAt: expect.any(String),
      options: [
        {
          ...body.options[0],
          id: expect.any(String),
          saleStartsAt: '2030-01-01T00:00:00.000Z',
          saleEndsAt: '2030-01-01T01:00:00.000Z',
        },
        {
          id: expect.any(String),
          optionValue: null,
          price: 0,
          stock: 0,
          perUserLimit: null,
          saleStartsAt: null,
          saleEndsAt: null,
          holdMs: null,
        },
      ],
    })
    const read = await client.call('GET', `/v1/products/${created.body.id}`, inShop)
    expect(read).toMatchObject({ status: 200, body: created.body })
  })

  it('lists products page by page', async () => {
    for (const name of ['A', 'B', 'C']) {
      const body = { name, options: [{ price: 1, stock: 1 }] }
      await post('/v1/products', { token: admin, body })
    }
    const seen: string[] = []
    let cursor: string | null = ''
    do {
      const query: string = cursor ? `?limit=2&cursor=${cursor}` : '?limit=2'
      const page = await client.call('GET', `/v1/products${query}`, inShop)
      expect(page.body.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.body.items.map((product: { name: string }) => product.name))
      cursor = page.body.nextCursor
    } while (cursor)
    expect(seen.sort()).toEqual(['A', 'B', 'C', 'Trainers'])
  })

  it('takes a description of several lines, and a name of one', async () => {
    const product = (name: string, description: string) =>
      post('/v1/products', {
        token: admin,
        body: { name, description, options: [{ price: 0, stock: 0 }] },
      })
    const description = 'Light.\r\nFast.\n\tAnd blue.'
    expect((await product('Trainers', description)).body).toMatchObject({ description })
    expect((await product('Trainers\nand more', description)).body.errors).toMatchObject([
      { path: 'name' },
    ])
    expect((await product('Trainers', 'a\u0000b')).body.errors).toMatchObject([
      { path: 'description' },
    ])
  })

  it('takes the shop of a public route from the token, else from X-Shop, else the default', async () => {
    const { body } = await client.call('GET', '/v1/products', inShop)
    expect((await get('/v1/products', user('alice'))).body).toEqual(body)
    const other = await openSale(client.redis, uniqueShop())
    const inOther = { headers: { 'x-shop': other.shop } }
    const asAlice = { ...inOther, token: user('alice') }
    expect((await client.call('GET', '/v1/products', asAlice)).body).toEqual(body)
    const product = `/v1/products/${body.items[0].id}`
    expect((await client.call('GET', product, inOther)).code).toBe('product_not_found')
    // Nobody opened the default shop in this Redis.
    expect((await get(product)).code).toBe('shop_closed')
  })
})

describe('POST /v1/options/{id}/stock-adjustments', () => {
  const adjust = (id: string, key: string, body: unknown) =>
    post(`/v1/options/${id}/stock-adjustments`, { token: admin, key, body })

  it('changes the stock once per key, never below what is free', async () => {
    const option = await client.option({ stock: 5 })
    const body = { change: -3, reason: 'broken' }
    const first = await adjust(option, 'count', body)
    expect(first).toMatchObject({ status: 201, body: { change: -3, stock: 2 } })
    expect(await adjust(option, 'count', body)).toMatchObject({ status: 200, body: first.body })
    expect(await adjust(option, 'count', { ...body, change: 3 })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(await adjust(option, 'more', body)).toMatchObject({
      status: 409,
      code: 'insufficient_stock',
    })
    expect(await client.units(option)).toEqual({ free: 2, held: 0, sold: 0 })
  })

  it('answers 404 for an option that is not there', async () => {
    expect(await adjust('nothing', 'count', { change: 1, reason: 'count' })).toMatchObject({
      status: 404,
      code: 'option_not_found',
    })
  })
})

describe('GET /v1/products/popular', () => {
  it('ranks by paid units and names the window', async () => {
    await client.credit('bob', 100_000)
    const [few, many] = [await client.option({ stock: 9 }), await client.option({ stock: 9 })]
    for (const [optionId, quantity] of [[few, 1] as const, [many, 3] as const]) {
      await client.placeOrder('bob', { items: [{ optionId, quantity }], pay: true })
    }
    await client.placeOrder('bob', { items: [{ optionId: few, quantity: 5 }] })

    const { status, body } = await client.call('GET', '/v1/products/popular?days=3', inShop)
    expect(status).toBe(200)
    expect(body.items).toMatchObject([
      { rank: 1, name: 'Trainers', salesCount: 3 },
      { rank: 2, name: 'Trainers', salesCount: 1 },
    ])
    expect(Date.parse(body.to) - Date.parse(body.from)).toBe(2 * 86_400_000)
  })

  it.each(['days=0', 'days=32', 'days=x', 'limit=0', 'limit=101', 'week=1'])(
    'refuses %s',
    async (query) => {
      const answer = await get(`/v1/products/popular?${query}`)
      expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(answer.body.errors[0].path).toBe(query.split('=')[0])
    },
  )
})
