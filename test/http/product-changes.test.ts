import { describe, expect, it } from 'vitest'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, call, get, post, placeOrder } = client

const drain = () => drainOutbox({ ...client.dependencies, shop: client.shop })
const patch = (path: string, body: unknown) => call('PATCH', `/v1/${path}`, { token: admin, body })
const read = async (productId: string) => (await get(`/v1/products/${productId}`, admin)).body
const buy = (userId: string, optionId: string) =>
  placeOrder(userId, { items: [{ optionId, quantity: 1 }] })

describe('PATCH /v1/products/{id}', () => {
  it('changes what it names and leaves the rest', async () => {
    const { id } = await client.product([{}], { brand: 'Stride', description: 'Light.' })
    const before = await read(id)
    const renamed = await patch(`products/${id}`, { name: 'Sandals' })
    expect(renamed).toMatchObject({ status: 200, body: { ...before, name: 'Sandals' } })
    expect(await read(id)).toEqual(renamed.body)
    const cleared = await patch(`products/${id}`, { brand: null, description: null })
    expect(cleared.body).toEqual({ ...renamed.body, brand: null, description: null })
    expect((await patch(`products/${id}`, { brand: null })).body).toEqual(cleared.body)
  })

  it('takes a product off sale and puts it on sale again', async () => {
    const option = await client.option()
    const product = await client.productOf(option)
    for (const [status, refusal] of [
      ['INACTIVE', 'product_inactive'],
      ['OUT_OF_STOCK', 'sold_out'],
      ['ACTIVE', undefined],
    ]) {
      expect((await patch(`products/${product}`, { status })).body.status).toBe(status)
      expect((await buy('alice', option)).code).toBe(refusal)
    }
  })

  it('leaves orders as they were sold, with name and description', async () => {
    const { id, options } = await client.product([{ price: 0 }], { description: 'Light.' })
    const optionId = options[0]?.id as string
    const texts = [
      { name: 'Trainers', description: 'Light.' },
      { name: 'Sandals', description: 'Light.' },
      { name: 'Sandals', description: null },
      { name: 'Sandals', description: 'Open.' },
    ]
    const orders: string[] = []
    for (const text of texts) {
      await patch(`products/${id}`, text)
      orders.push((await buy('bob', optionId)).body.id)
    }
    const sold = async () => {
      const answers = await Promise.all(
        orders.map((order) => get(`/v1/orders/${order}/items`, user('bob'))),
      )
      return answers.map(({ body: { items } }) => ({
        name: items[0].productName,
        description: items[0].description,
      }))
    }
    expect(await sold()).toEqual(texts)
    await drain()
    await client.redis.hdel(`{${client.shop}}:orders`, ...orders.map((order) => order.slice(11)))
    expect(await sold()).toEqual(texts)
  })
})

describe('the status of a product', () => {
  it('is OUT_OF_STOCK where no option has a free unit, and ACTIVE again once one has', async () => {
    const body = { name: 'Rare', options: [{ price: 0, stock: 0 }] }
    const created = await post('/v1/products', { token: admin, body })
    expect(created.body.status).toBe('OUT_OF_STOCK')
    const { id, options } = await client.product([
      { stock: 1, price: 0 },
      { stock: 1, price: 0 },
    ])
    const [first, second] = options.map((option) => option.id) as [string, string]
    await buy('carol', first)
    expect((await read(id)).status).toBe('ACTIVE')
    await buy('carol', second)
    expect((await read(id)).status).toBe('OUT_OF_STOCK')
    await client.adjust(first, 1)
    expect((await read(id)).status).toBe('ACTIVE')
  })

  it('is what the operator says, until he adds units to one that he called out of stock', async () => {
    const option = await client.option({ stock: 5 })
    const product = await client.productOf(option)
    await patch(`products/${product}`, { status: 'OUT_OF_STOCK' })
    await client.adjust(option, -1)
    expect((await read(product)).status).toBe('OUT_OF_STOCK')
    await client.adjust(option, 1)
    expect((await read(product)).status).toBe('ACTIVE')
    await patch(`products/${product}`, { status: 'INACTIVE' })
    await client.adjust(option, 1)
    expect((await read(product)).status).toBe('INACTIVE')
  })
})

describe('PATCH /v1/options/{id}', () => {
  it('changes what it names, takes limits away with null, and leaves the rest', async () => {
    const start = Date.UTC(2030, 0)
    const option = await client.option({ perUserLimit: 2, saleStartsAt: start, holdMs: 5_000 })
    const productId = await client.productOf(option)
    const changed = await patch(`options/${option}`, {
      price: 70,
      saleEndsAt: '2031-01-01T00:00:00Z',
    })
    expect(changed.status).toBe(200)
    expect(changed.body).toEqual({
      id: option,
      productId,
      optionValue: 'M',
      price: 70,
      stock: 10,
      perUserLimit: 2,
      saleStartsAt: '2030-01-01T00:00:00.000Z',
      saleEndsAt: '2031-01-01T00:00:00.000Z',
      holdMs: 5_000,
    })
    const free = { perUserLimit: null, saleStartsAt: null, saleEndsAt: null, holdMs: null }
    expect((await patch(`options/${option}`, free)).body).toEqual({ ...changed.body, ...free })
    const { productId: _, ...view } = (await patch(`options/${option}`, { price: 70 })).body
    expect((await read(productId)).options).toEqual([view])
  })

  it('sells at the new price from then on, and placed orders at the old one', async () => {
    const option = await client.option({ price: 100 })
    const early = await buy('dora', option)
    await patch(`options/${option}`, { price: 60 })
    expect((await buy('dora', option)).body.finalAmount).toBe(60)
    await client.credit('dora', 100)
    const paid = await post(`/v1/orders/${early.body.id}/payment`, { token: user('dora') })
    expect(paid.body.payment.amount).toBe(100)
  })

  it('opens and ends a sale', async () => {
    const option = await client.option()
    await patch(`options/${option}`, { saleStartsAt: '2040-01-01T00:00:00Z' })
    expect((await buy('erin', option)).code).toBe('not_started')
    const past = { saleStartsAt: '2020-01-01T00:00:00Z', saleEndsAt: '2020-01-02T00:00:00Z' }
    await patch(`options/${option}`, past)
    expect((await buy('erin', option)).code).toBe('ended')
  })

  it('refuses a window that would end before it starts, whichever end it names', async () => {
    const option = await client.option({
      saleStartsAt: Date.UTC(2030, 0),
      saleEndsAt: Date.UTC(2031, 0),
    })
    const before = await read(await client.productOf(option))
    for (const changes of [
      { saleEndsAt: '2029-01-01T00:00:00Z' },
      { saleEndsAt: '2030-01-01T00:00:00Z' },
      { saleStartsAt: '2031-01-01T00:00:00Z' },
      { saleStartsAt: '2033-01-01T00:00:00Z', saleEndsAt: '2032-01-01T00:00:00Z' },
    ]) {
      const answer = await patch(`options/${option}`, changes)
      expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(answer.body.errors).toEqual([
        { path: 'saleEndsAt', message: 'Must be after saleStartsAt' },
      ])
    }
    expect(await read(await client.productOf(option))).toEqual(before)
  })
})

describe('histories', () => {
  it('list price changes of all options of a product, newest first, and nothing that is none', async () => {
    const { id, options } = await client.product([{ price: 100 }, { price: 200 }])
    const [first, second] = options.map((option) => option.id) as [string, string]
    await patch(`options/${first}`, { price: 90, reason: 'sale' })
    await patch(`options/${second}`, { price: 250 })
    await patch(`options/${first}`, { price: 90 })
    await patch(`options/${first}`, { perUserLimit: 1 })
    await drain()
    const path = `/v1/products/${id}/price-history`
    const { body } = await get(path, admin)
    expect(body.items).toMatchObject([
      { optionId: second, oldPrice: 200, newPrice: 250, reason: null },
      { optionId: first, oldPrice: 100, newPrice: 90, reason: 'sale' },
    ])
    const page = await get(`${path}?limit=1`, admin)
    const next = await get(`${path}?limit=1&cursor=${page.body.nextCursor}`, admin)
    expect([...page.body.items, ...next.body.items]).toEqual(body.items)
    expect(next.body.nextCursor).toBeNull()
  })

  it('list every change of the free units of an option, with its order or its reason', async () => {
    const option = await client.option({ stock: 5, price: 10 })
    await client.credit('frank', 100)
    const order = async (pay: boolean) => {
      const items = [{ optionId: option, quantity: 1 }]
      return (await placeOrder('frank', { items, pay })).body.id as string
    }
    const [cancelled, lapsed, paid] = [await order(false), await order(false), await order(true)]
    await post(`/v1/orders/${cancelled}/cancel`, { token: user('frank') })
    await client.lapse(lapsed)
    await get(`/v1/orders/${lapsed}`, user('frank'))
    await post(`/v1/orders/${paid}/refunds`, { token: admin, key: 'back' })
    await client.adjust(option, 7)
    await drain()
    const { body } = await get(`/v1/options/${option}/stock-history`, admin)
    const changes = body.items.map((it: Record<string, unknown>) => [
      it.type,
      it.change,
      it.orderId,
    ])
    expect(changes).toEqual([
      ['ADJUST', 7, null],
      ['REFUND', 1, paid],
      ['EXPIRE', 1, lapsed],
      ['CANCEL', 1, cancelled],
      ['ORDER', -1, paid],
      ['ORDER', -1, lapsed],
      ['ORDER', -1, cancelled],
      ['INITIAL', 5, null],
    ])
    expect(body.items[0].reason).toBe('count')
  })

  it('are empty for what has none yet, and not there for what does not exist', async () => {
    const option = await client.option()
    await drain()
    const prices = await get(`/v1/products/${await client.productOf(option)}/price-history`, admin)
    expect(prices).toMatchObject({ status: 200, body: { items: [], nextCursor: null } })
    expect((await get('/v1/products/nothing/price-history', admin)).code).toBe('product_not_found')
    expect((await get('/v1/options/nothing/stock-history', admin)).code).toBe('option_not_found')
  })
})
