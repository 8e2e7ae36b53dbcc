import { describe, expect, it } from 'vitest'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { uniqueShop } from '../support/redis.ts'
import { openSale } from '../support/sale.ts'
import { type Call, openClient, tokenOf } from './client.ts'

const client = await openClient()
const shops = [client.shop, (await openSale(client.redis, uniqueShop())).shop] as [string, string]

/** Calls with tokens of one of the shops, which one application serves. */
const inShop = (shop: string) => ({
  shop,
  asAdmin: (method: string, path: string, request: Call = {}) => {
    const token = tokenOf('operator', { shop, role: 'admin' })
    return client.call(method, `/v1/${path}`, { token, ...request })
  },
  as: (userId: string, method: string, path: string, request: Call = {}) =>
    client.call(method, `/v1/${path}`, { token: tokenOf(userId, { shop }), ...request }),
})
const [north, south] = shops.map(inShop) as [ReturnType<typeof inShop>, ReturnType<typeof inShop>]
type Shop = typeof north

/** The same in each shop: the same user, email, names, code and keys. */
async function furnish(shop: Shop, price: number) {
  const body = { id: 'alice', name: `Alice of ${price}`, email: 'alice@example.com' }
  const user = await shop.asAdmin('POST', 'users', { body })
  const product = await shop.asAdmin('POST', 'products', {
    body: { name: 'Trainers', brand: 'Stride', options: [{ price, stock: 10 }] },
  })
  const coupon = await shop.asAdmin('POST', 'coupons', {
    body: {
      name: 'Five off',
      code: 'five',
      discountType: 'FIXED',
      discountValue: 5,
      totalQuantity: 2,
    },
  })
  const charge = { key: 'same-key', body: { amount: 10 * price } }
  const charged = await shop.asAdmin('POST', 'users/alice/charges', charge)
  const claim = await shop.as('alice', 'POST', 'coupons/claims', { body: { code: 'FIVE' } })
  const optionId = product.body.options[0].id
  const items = [{ optionId, quantity: 1 }]
  const placed = await shop.as('alice', 'POST', 'orders', {
    key: 'same-key',
    body: { items, userCouponId: claim.body.userCouponId, pay: true },
  })
  const refund = await shop.asAdmin('POST', `orders/${placed.body.id}/refunds`, { key: 'same-key' })
  const kept = await shop.as('alice', 'POST', 'orders', {
    key: 'other-key',
    body: { items, pay: true },
  })
  const pending = await shop.as('alice', 'POST', 'orders', { key: 'third-key', body: { items } })
  await shop.as('alice', 'PUT', `me/cart/items/${optionId}`, { body: { quantity: 2 } })
  const statuses = [user, product, coupon, charged, claim, placed, refund, kept, pending].map(
    ({ status }) => status,
  )
  await drainOutbox({ ...client.dependencies, shop: shop.shop })
  return {
    statuses,
    productId: product.body.id as string,
    optionId: optionId as string,
    couponId: coupon.body.id as string,
    userCouponId: claim.body.userCouponId as string,
    orderId: pending.body.id as string,
    paidOrderId: kept.body.id as string,
    itemId: kept.body.items[0].id as string,
  }
}
const inSouth = await furnish(south, 700)
await north.asAdmin('POST', 'users', { body: { id: 'nora', name: 'Nora' } })
const inNorth = { ...(await furnish(north, 100)), userId: 'nora' }
const northBefore = await client.state()

describe('two shops', () => {
  it('have the same user, email, code and keys, and none of it is taken in the other', () => {
    for (const { statuses } of [inNorth, inSouth]) {
      expect(statuses).toEqual(Array(statuses.length).fill(201))
    }
  })

  it.each<[string, string, string, Call?]>([
    ['GET', 'users/{userId}', 'user_not_found'],
    ['GET', 'users/{userId}/balance/history', 'user_not_found'],
    ['GET', 'products/{productId}', 'product_not_found'],
    ['PATCH', 'products/{productId}', 'product_not_found', { body: { name: 'Theirs' } }],
    ['GET', 'products/{productId}/price-history', 'product_not_found'],
    ['PATCH', 'options/{optionId}', 'option_not_found', { body: { price: 1 } }],
    ['GET', 'options/{optionId}/stock-history', 'option_not_found'],
    [
      'POST',
      'options/{optionId}/stock-adjustments',
      'option_not_found',
      { key: 'theirs', body: { change: 1, reason: 'theirs' } },
    ],
    ['GET', 'coupons/{couponId}', 'coupon_not_found'],
    ['PATCH', 'coupons/{couponId}', 'coupon_not_found', { body: { status: 'ENDED' } }],
    ['GET', 'coupons/{couponId}/history', 'coupon_not_found'],
    ['POST', 'coupons/{couponId}/codes', 'coupon_not_found', { body: { count: 1 } }],
    ['POST', 'coupons/{couponId}/claims', 'coupon_not_found'],
    ['PUT', 'me/cart/items/{optionId}', 'option_not_found', { body: { quantity: 1 } }],
    ['DELETE', 'me/cart/items/{optionId}', 'option_not_found'],
    ['GET', 'orders/{orderId}', 'order_not_found'],
    ['GET', 'orders/{paidOrderId}/refunds', 'order_not_found'],
    ['POST', 'orders/{orderId}/payment', 'order_not_found'],
    ['POST', 'orders/{orderId}/cancel', 'order_not_found'],
    ['POST', 'orders/{paidOrderId}/refunds', 'order_not_found', { key: 'theirs' }],
  ])('do not know the ids of each other: %s %s', async (method, template, code, request) => {
    const path = template.replace(
      /\{(\w+)\}/,
      (_, name: keyof typeof inNorth) => `${inNorth[name]}`,
    )
    // An admin who is called as the user and the operator of the other shop are.
    const sub = template.startsWith('orders') ? 'alice' : 'operator'
    const token = tokenOf(sub, { shop: south.shop, role: 'admin' })
    const answer = await south.asAdmin(method, path, { ...request, token })
    expect(answer).toMatchObject({ status: 404, code })
  })

  it('are not changed by what the other was asked', async () => {
    expect(await client.state()).toEqual(northBefore)
  })

  it('do not take the ids of each other in an order', async () => {
    const order = (body: object, key: string) => south.as('alice', 'POST', 'orders', { key, body })
    const theirs = [{ optionId: inNorth.optionId, quantity: 1 }]
    expect(await order({ items: theirs }, 'k1')).toMatchObject({ code: 'option_not_found' })
    const mine = [{ optionId: inSouth.optionId, quantity: 1 }]
    const withTheirs = { items: mine, userCouponId: inNorth.userCouponId }
    expect(await order(withTheirs, 'k2')).toMatchObject({ code: 'coupon_unavailable' })
    const items = [{ orderItemId: inNorth.itemId, quantity: 1 }]
    const refund = { key: 'k3', body: { items } }
    expect(
      await south.asAdmin('POST', `orders/${inSouth.paidOrderId}/refunds`, refund),
    ).toMatchObject({ status: 404, code: 'order_item_not_found' })
  })

  it('do not claim single-use codes of each other', async () => {
    const codes = await north.asAdmin('POST', `coupons/${inNorth.couponId}/codes`, {
      body: { count: 1 },
    })
    const [, code] = codes.body.split('\n')
    const claim = (shop: Shop) => shop.as('bob', 'POST', 'coupons/claims', { body: { code } })
    expect(await claim(south)).toMatchObject({ status: 404, code: 'code_not_found' })
    expect(await claim(north)).toMatchObject({ status: 201, body: { couponId: inNorth.couponId } })
    await drainOutbox({ ...client.dependencies, shop: north.shop })
  })

  it('list and count their own things only', async () => {
    for (const [shop, own, price] of [
      [north, inNorth, 100],
      [south, inSouth, 700],
    ] as const) {
      const list = async (path: string) => (await shop.as('alice', 'GET', path)).body.items
      const listed = async (path: string) => (await shop.asAdmin('GET', path)).body.items
      expect(await list('products')).toMatchObject([{ id: own.productId }])
      expect(await list('products?brand=Stride')).toMatchObject([{ id: own.productId }])
      expect(await list('products/popular')).toMatchObject([
        { productId: own.productId, salesCount: 1 },
      ])
      expect(await listed('coupons')).toMatchObject([{ id: own.couponId }])
      expect(await list('me/coupons')).toMatchObject([{ userCouponId: own.userCouponId }])
      expect(await list('me/cart')).toMatchObject([{ optionId: own.optionId, unitPrice: price }])
      expect(await list('me/orders')).toHaveLength(3)
      expect(await list('me/orders?status=PENDING')).toMatchObject([{ id: own.orderId }])
      expect(await list('me/balance/history')).toHaveLength(4)
      expect((await shop.as('alice', 'GET', 'me')).body).toEqual({
        id: 'alice',
        name: `Alice of ${price}`,
        email: 'alice@example.com',
        balance: 9 * price,
      })
      expect((await shop.asAdmin('GET', 'rankings')).body.items).toEqual([])
    }
  })

  it('are chosen by the token alone, whatever the header says', async () => {
    const headers = { 'x-shop': north.shop }
    for (const path of ['products', 'products/popular']) {
      const answer = await south.as('alice', 'GET', path, { headers })
      expect(JSON.stringify(answer.body)).toContain(inSouth.productId)
      expect(JSON.stringify(answer.body)).not.toContain(inNorth.productId)
      const anonymous = await client.call('GET', `/v1/${path}`, { headers })
      expect(JSON.stringify(anonymous.body)).toContain(inNorth.productId)
    }
  })
})
