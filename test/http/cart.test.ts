import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { user, call, get, placeOrder } = client

const readCart = async (userId: string) => (await get('/v1/me/cart', user(userId))).body
const put = (userId: string, optionId: string, quantity: unknown) =>
  call('PUT', `/v1/me/cart/items/${optionId}`, { token: user(userId), body: { quantity } })
const remove = (userId: string, optionId: string) =>
  call('DELETE', `/v1/me/cart/items/${optionId}`, { token: user(userId) })
const quantities = (cart: { items: { optionId: string; quantity: number }[] }) =>
  cart.items.map(({ optionId, quantity }) => [optionId, quantity])

describe('the cart', () => {
  it('is empty for a user who put nothing into it', async () => {
    expect(await readCart('nobody')).toEqual({ items: [], total: 0 })
  })

  it('keeps its lines in the order in which they came, each option once', async () => {
    const [first, second] = [
      await client.option({ price: 300 }),
      await client.option({ price: 50 }),
    ]
    expect(await put('alice', first, 2)).toMatchObject({ status: 200, body: { total: 600 } })
    await put('alice', second, 1)
    const changed = await put('alice', first, 3)
    expect(quantities(changed.body)).toEqual([
      [first, 3],
      [second, 1],
    ])
    expect(changed.body).toMatchObject({ items: [{ subtotal: 900 }, { subtotal: 50 }], total: 950 })
    expect(await readCart('alice')).toEqual(changed.body)
    expect(quantities((await remove('alice', first)).body)).toEqual([[second, 1]])
  })

  it('takes out what is not in it, as long as there is such an option', async () => {
    const option = await client.option()
    expect(await remove('bob', option)).toMatchObject({
      status: 200,
      body: { items: [], total: 0 },
    })
    expect(await remove('bob', 'nothing')).toMatchObject({ status: 404, code: 'option_not_found' })
  })

  it('shows the price, the stock and the sale window of this moment, and holds none of them', async () => {
    const option = await client.option({ price: 300, stock: 1, saleEndsAt: Date.UTC(2040, 0) })
    await put('carol', option, 1)
    await client.updateOption(option, { price: 400, saleStartsAt: Date.UTC(2030, 0) })
    const [line] = (await readCart('carol')).items
    expect(line).toMatchObject({
      unitPrice: 400,
      stock: 1,
      status: 'ACTIVE',
      saleStartsAt: '2030-01-01T00:00:00.000Z',
      saleEndsAt: '2040-01-01T00:00:00.000Z',
    })
    await client.adjust(option, -1)
    expect((await readCart('carol')).items).toMatchObject([{ stock: 0, status: 'OUT_OF_STOCK' }])
    await client.updateProduct(await client.productOf(option), { status: 'INACTIVE' })
    expect((await readCart('carol')).items).toMatchObject([{ status: 'INACTIVE' }])
  })

  it('is as full as an order may be, and a line that is in it can still change', async () => {
    const options = []
    for (let line = 0; line < limits.cartItemsMax; line++) {
      options.push(await client.option({ price: 1 }))
      await client.setCart('dora', options.at(-1) as string, 1)
    }
    const another = await client.option()
    expect(await put('dora', another, 1)).toMatchObject({ status: 409, code: 'cart_full' })
    expect((await put('dora', options[0] as string, 5)).status).toBe(200)
    const order = await placeOrder('dora', { fromCart: true })
    expect(order).toMatchObject({ status: 201, body: { originalAmount: limits.cartItemsMax + 4 } })
  })

  it.each([0, -1, 1.5, '1', null, limits.quantityMax + 1])(
    'refuses the quantity %j',
    async (many) => {
      expect(await put('erin', await client.option(), many)).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'quantity' }] },
      })
    },
  )
})

describe('an order from the cart', () => {
  it('takes all its lines, and empties it, in one decision', async () => {
    const [first, second] = [
      await client.option({ price: 300 }),
      await client.option({ price: 50 }),
    ]
    await put('frank', first, 2)
    await put('frank', second, 1)
    const order = await placeOrder('frank', { fromCart: true }, 'once')
    expect(order).toMatchObject({ status: 201, body: { status: 'PENDING', originalAmount: 650 } })
    expect(quantities(order.body)).toEqual([
      [first, 2],
      [second, 1],
    ])
    expect(await readCart('frank')).toEqual({ items: [], total: 0 })
    expect(await client.units(first)).toEqual({ free: 8, held: 2, sold: 0 })
    // The same key asks for the same order, whatever is in the cart by now.
    await put('frank', second, 4)
    expect(await placeOrder('frank', { fromCart: true }, 'once')).toMatchObject({
      status: 200,
      body: order.body,
    })
    expect(quantities(await readCart('frank'))).toEqual([[second, 4]])
  })

  it('leaves the cart as it is where it is refused', async () => {
    const [gone, free] = [await client.option({ stock: 0 }), await client.option()]
    await put('grace', gone, 1)
    await put('grace', free, 1)
    const cart = await readCart('grace')
    expect((await placeOrder('grace', { fromCart: true })).code).toBe('sold_out')
    expect(await readCart('grace')).toEqual(cart)
  })

  it('does not fill the cart again when it is cancelled', async () => {
    await put('heidi', await client.option(), 1)
    const { body } = await placeOrder('heidi', { fromCart: true })
    await call('POST', `/v1/orders/${body.id}/cancel`, { token: user('heidi') })
    expect(await readCart('heidi')).toEqual({ items: [], total: 0 })
  })

  it('is refused for an empty cart, for lines beside it, and where neither is there', async () => {
    const items = [{ optionId: await client.option(), quantity: 1 }]
    expect(await placeOrder('ivan', { fromCart: true })).toMatchObject({
      status: 409,
      code: 'cart_empty',
    })
    for (const body of [{ fromCart: true, items }, { fromCart: false }, {}]) {
      expect(await placeOrder('ivan', body)).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'items' }] },
      })
    }
  })

  it('sells no unit twice to 50 carts at once', async () => {
    const option = await client.option({ stock: 20, price: 0 })
    const users = Array.from({ length: 50 }, (_, number) => `shopper-${number}`)
    await Promise.all(users.map((userId) => put(userId, option, 1)))
    const orders = users.map((userId) => placeOrder(userId, { fromCart: true }))
    const codes = (await Promise.all(orders)).map(({ status, code }) => code ?? status)
    expect(codes.filter((code) => code === 201)).toHaveLength(20)
    expect(codes.filter((code) => code === 'sold_out')).toHaveLength(30)
  })
})
