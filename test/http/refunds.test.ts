import { describe, expect, it } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { listen, openClient } from './client.ts'

const client = await openClient()
const { admin, user, get, post, placeOrder } = client
let keys = 0

const drain = () => drainOutbox({ ...client.dependencies, shop: client.shop })
const refund = (orderId: string, body?: unknown, key = `refund-${++keys}`) =>
  post(`/v1/orders/${orderId}/refunds`, { token: admin, key, body })
const readOrder = async (orderId: string) => (await get(`/v1/orders/${orderId}`, admin)).body

/** A paid order of 3 units at 333 and 2 at 500, with 99 off; returns it and its options. */
async function paidOrder(userId: string) {
  await client.credit(userId, 1_900)
  const coupon = await client.coupon({ discountValue: 99 })
  const claimed = await post(`/v1/coupons/${coupon}/claims`, { token: user(userId) })
  const options = [await client.option({ price: 333 }), await client.option({ price: 500 })]
  const { body } = await placeOrder(userId, {
    items: [
      { optionId: options[0], quantity: 3 },
      { optionId: options[1], quantity: 2 },
    ],
    userCouponId: claimed.body.userCouponId,
    pay: true,
  })
  return { order: body, options: options as [string, string], coupon }
}

describe('POST /v1/orders/{id}/refunds', () => {
  it('takes an empty body for none, also where JSON is announced', async () => {
    const { order } = await paidOrder('nobody')
    const port = await listen(client.app)
    const answer = await fetch(`http://127.0.0.1:${port}/v1/orders/${order.id}/refunds`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${admin}`,
        'content-type': 'application/json',
        'idempotency-key': 'empty',
      },
      body: '',
    })
    expect(answer.status).toBe(201)
    expect(await answer.json()).toMatchObject({ amount: 1_900, orderStatus: 'REFUNDED' })
  })

  it('pays a whole order back: money, units, coupon and status', async () => {
    const { order, options, coupon } = await paidOrder('alice')
    expect((await get('/v1/me/balance', user('alice'))).body).toEqual({ balance: 0 })
    const answer = await refund(order.id)
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      id: expect.any(String),
      orderId: order.id,
      userId: 'alice',
      amount: 1_900,
      restock: true,
      items: order.items.map((item: { id: string; quantity: number }) => ({
        orderItemId: item.id,
        quantity: item.quantity,
        amount: expect.any(Number),
      })),
      orderStatus: 'REFUNDED',
      at: expect.any(String),
    })
    expect(await readOrder(order.id)).toMatchObject({
      status: 'REFUNDED',
      refundedAmount: 1_900,
      payment: { status: 'REFUNDED', amount: 1_900 },
      items: [{ refundedQuantity: 3 }, { refundedQuantity: 2 }],
    })
    expect((await get('/v1/me/balance', user('alice'))).body).toEqual({ balance: 1_900 })
    expect(await client.units(options[0])).toEqual({ free: 10, held: 0, sold: 0 })
    expect((await get(`/v1/coupons/${coupon}`, admin)).body).toMatchObject({ usedQuantity: 0 })
    expect(await refund(order.id)).toMatchObject({ status: 409, code: 'nothing_to_refund' })
  })

  it('pays parts back that sum to what was paid, whatever their order', async () => {
    const { order } = await paidOrder('bob')
    const [first, second] = order.items.map((item: { id: string }) => item.id)
    const parts = [
      [first, 1],
      [second, 1],
      [first, 1],
      [second, 1],
      [first, 1],
    ] as const
    let sum = 0
    for (const [number, [orderItemId, quantity]] of parts.entries()) {
      const { body } = await refund(order.id, { items: [{ orderItemId, quantity }] })
      sum += body.amount
      const isLast = number === parts.length - 1
      expect(body.orderStatus).toBe(isLast ? 'REFUNDED' : 'COMPLETED')
      expect((await readOrder(order.id)).payment.status).toBe(
        isLast ? 'REFUNDED' : 'PARTIALLY_REFUNDED',
      )
    }
    expect(sum).toBe(1_900)
    expect((await readOrder(order.id)).items).toMatchObject(
      order.items.map((item: { subtotal: number; discountAmount: number }) => ({
        refundedAmount: item.subtotal - item.discountAmount,
      })),
    )
  })

  it('sums lines with the same item before any check', async () => {
    const { order } = await paidOrder('carol')
    const line = { orderItemId: order.items[0].id, quantity: 2 }
    expect((await refund(order.id, { items: [line, line] })).code).toBe('nothing_to_refund')
    const parts = { items: [line, { ...line, quantity: 1 }] }
    expect((await refund(order.id, parts)).body.items).toMatchObject([{ quantity: 3 }])
  })

  it('does not put units back on sale that are gone', async () => {
    const { order, options } = await paidOrder('dora')
    expect((await refund(order.id, { restock: false })).body.restock).toBe(false)
    expect(await client.units(options[0])).toEqual({ free: 7, held: 0, sold: 3 })
  })

  it('pays back once for 20 requests at once with one key, and what is left for the rest', async () => {
    const { order } = await paidOrder('erin')
    const ask = (key: string) => refund(order.id, undefined, key)
    const same = await Promise.all(Array.from({ length: 20 }, () => ask('same')))
    expect(same.filter(({ status }) => status === 201)).toHaveLength(1)
    for (const { body } of same) expect(body).toEqual(same[0]?.body)
    const others = await Promise.all(
      Array.from({ length: 5 }, (_, number) => ask(`more-${number}`)),
    )
    for (const { code } of others) expect(code).toBe('nothing_to_refund')
    expect((await get('/v1/me/balance', user('erin'))).body).toEqual({ balance: 1_900 })
  })

  it('takes no body, an empty one and the default for the same request', async () => {
    const { order } = await paidOrder('frank')
    const first = await refund(order.id, undefined, 'default')
    for (const body of [{}, { restock: true }]) {
      expect(await refund(order.id, body, 'default')).toMatchObject({
        status: 200,
        body: first.body,
      })
    }
    expect((await refund(order.id, { restock: false }, 'default')).status).toBe(422)
  })

  it('refuses an order that is not paid, and items that are not its own', async () => {
    const option = await client.option()
    const pending = await placeOrder('grace', { items: [{ optionId: option, quantity: 1 }] })
    expect((await refund(pending.body.id)).code).toBe('nothing_to_refund')
    await post(`/v1/orders/${pending.body.id}/cancel`, { token: user('grace') })
    expect((await refund(pending.body.id)).code).toBe('nothing_to_refund')
    const [mine, other] = [await paidOrder('grace'), await paidOrder('grace')]
    const items = [{ orderItemId: other.order.items[0].id, quantity: 1 }]
    expect(await refund(mine.order.id, { items })).toMatchObject({
      status: 404,
      code: 'order_item_not_found',
    })
  })

  it.each([
    [{ items: [] }, 'items'],
    [{ items: [{ orderItemId: 'x', quantity: 1 }] }, 'items.0.orderItemId'],
    [{ items: [{ orderItemId: 'x.0', quantity: 1 }] }, 'items.0.orderItemId'],
    [{ items: [{ orderItemId: 'x.1', quantity: 0 }] }, 'items.0.quantity'],
    [{ restock: 'yes' }, 'restock'],
    [{ amount: 5 }, 'amount'],
    ['[]', ''],
    ['{', ''],
  ])('refuses the body %j', async (body, path) => {
    const answer = await refund('nothing', body)
    expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.body.errors).toContainEqual({ path, message: expect.any(String) })
  })

  it('refunds an order that has left Redis, of any user of the shop, again in parts', async () => {
    const { order, options } = await paidOrder('heidi')
    await drain()
    await client.redis.hdel(shopKey(client.shop, 'orders'), order.id.slice(11))
    const [first, second] = order.items.map((item: { id: string }) => item.id)
    const part = { items: [{ orderItemId: first, quantity: 3 }] }
    const answer = await refund(order.id, part, 'late')
    expect(answer).toMatchObject({
      status: 201,
      body: { orderStatus: 'COMPLETED', userId: 'heidi' },
    })
    expect(await refund(order.id, part, 'late')).toMatchObject({ status: 200, body: answer.body })
    // Readable and decided at once, with no drain in between.
    expect(await readOrder(order.id)).toMatchObject({
      status: 'COMPLETED',
      payment: { status: 'PARTIALLY_REFUNDED' },
    })
    expect((await refund(order.id, part)).code).toBe('nothing_to_refund')
    const rest = await refund(order.id, { items: [{ orderItemId: second, quantity: 2 }] })
    expect(rest.body.orderStatus).toBe('REFUNDED')
    expect(answer.body.amount + rest.body.amount).toBe(1_900)
    expect((await readOrder(order.id)).status).toBe('REFUNDED')
    expect(await client.units(options[0])).toEqual({ free: 10, held: 0, sold: 0 })
    for (const [action, expected] of [
      ['payment', 200],
      ['cancel', 409],
    ] as const) {
      const token = user('heidi')
      const { status, code } = await post(`/v1/orders/${order.id}/${action}`, { token })
      expect([status, code]).toEqual([expected, expected === 200 ? undefined : 'order_completed'])
    }
  })
})

describe('GET /v1/orders/{id}/refunds', () => {
  it('lists refunds to the owner and to admins, newest first, page by page', async () => {
    const { order } = await paidOrder('ivan')
    const [first, second] = order.items.map((item: { id: string }) => item.id)
    const early = await refund(order.id, { items: [{ orderItemId: first, quantity: 1 }] })
    const late = await refund(order.id, { items: [{ orderItemId: second, quantity: 2 }] })
    await drain()
    const path = `/v1/orders/${order.id}/refunds`
    const [lateView, earlyView] = [late, early].map(({ body: { orderStatus, ...rest } }) => rest)
    for (const token of [user('ivan'), admin]) {
      expect((await get(path, token)).body).toEqual({
        items: [lateView, earlyView],
        nextCursor: null,
      })
    }
    const page = await get(`${path}?limit=1`, admin)
    expect(page.body.items).toEqual([lateView])
    const next = await get(`${path}?limit=1&cursor=${page.body.nextCursor}`, admin)
    expect(next.body).toEqual({ items: [earlyView], nextCursor: null })
    expect(await get(path, user('eve'))).toMatchObject({ status: 404, code: 'order_not_found' })
  })

  it('is empty for an order that nothing was paid back of', async () => {
    const { order } = await paidOrder('judy')
    await drain()
    expect((await get(`/v1/orders/${order.id}/refunds`, user('judy'))).body).toEqual({
      items: [],
      nextCursor: null,
    })
  })
})
