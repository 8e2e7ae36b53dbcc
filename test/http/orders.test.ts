import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, get, post, placeOrder } = client

const line = (optionId: string, quantity = 1) => ({ optionId, quantity })
const act = (id: string, action: string, userId: string) =>
  post(`/v1/orders/${id}/${action}`, { token: user(userId) })

describe('POST /v1/orders', () => {
  it('answers a pending order that is readable and listed at once, with no worker running', async () => {
    const option = await client.option({ price: 300 })
    const placed = await placeOrder('alice', { items: [line(option, 2)] })
    expect(placed.status).toBe(201)
    expect(placed.body).toEqual({
      id: expect.any(String),
      userId: 'alice',
      status: 'PENDING',
      items: [
        {
          id: `${placed.body.id}.1`,
          optionId: option,
          productId: expect.any(String),
          productName: 'Trainers',
          optionValue: 'M',
          unitPrice: 300,
          quantity: 2,
          subtotal: 600,
          discountAmount: 0,
          refundedQuantity: 0,
          refundedAmount: 0,
        },
      ],
      originalAmount: 600,
      discountAmount: 0,
      finalAmount: 600,
      refundedAmount: 0,
      userCouponId: null,
      payment: null,
      orderedAt: expect.any(String),
      expiresAt: new Date(Date.parse(placed.body.orderedAt) + 600_000).toISOString(),
      cancelledAt: null,
    })
    const read = await get(`/v1/orders/${placed.body.id}`, user('alice'))
    expect(read.body).toMatchObject(placed.body)
    expect((await get('/v1/me/orders', user('alice'))).body).toEqual({
      items: [placed.body],
      nextCursor: null,
    })
  })

  it('completes an order that is paid at once', async () => {
    const option = await client.option({ price: 300 })
    await client.credit('bob', 300)
    const { status, body } = await placeOrder('bob', { items: [line(option)], pay: true })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      status: 'COMPLETED',
      payment: { id: `pay-${body.id}`, amount: 300, status: 'PAID', paidAt: body.orderedAt },
    })
    expect((await get('/v1/me/balance', user('bob'))).body).toEqual({ balance: 0 })
  })

  it('completes an order that costs nothing without a balance', async () => {
    const option = await client.option({ price: 0 })
    const { body } = await placeOrder('carol', { items: [line(option)] })
    expect(body).toMatchObject({ status: 'COMPLETED', finalAmount: 0, payment: { amount: 0 } })
  })

  it('sums lines with the same option before any check', async () => {
    const option = await client.option({ stock: 3 })
    const items = [line(option, 2), line(option, 2)]
    expect(await placeOrder('alice', { items })).toMatchObject({ code: 'sold_out' })
    const { body } = await placeOrder('alice', { items: [line(option, 2), line(option)] })
    expect(body.items).toMatchObject([{ quantity: 3 }])

    const most = [line(option, limits.quantityMax), line(option)]
    expect(await placeOrder('alice', { items: most })).toMatchObject({
      code: 'invalid_request',
      body: { errors: [{ path: 'items' }] },
    })
  })

  it('uses a user coupon and shares its discount', async () => {
    const option = await client.option({ price: 1_000 })
    const coupon = await client.coupon({ discountValue: 150 })
    const { body } = await post(`/v1/coupons/${coupon}/claims`, { token: user('erin') })
    const order = { items: [line(option)], userCouponId: body.userCouponId }
    expect((await placeOrder('erin', order)).body).toMatchObject({
      originalAmount: 1_000,
      discountAmount: 150,
      finalAmount: 850,
      userCouponId: body.userCouponId,
      items: [{ discountAmount: 150 }],
    })
  })

  it('never sells more than the stock to 200 buyers at once', async () => {
    const option = await client.option({ stock: 50 })
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        placeOrder(`buyer-${index}`, { items: [line(option)] }),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50)
    expect(answers.filter(({ code }) => code === 'held')).toHaveLength(150)
    expect(await client.units(option)).toEqual({ free: 0, held: 50, sold: 0 })
  })

  it('refuses in the order of the contract', async () => {
    const coupon = await client.coupon({ minOrderAmount: 5_000, perUserLimit: 2 })
    const { body: claimed } = await post(`/v1/coupons/${coupon}/claims`, { token: user('frank') })
    const free = await client.option({ price: 1_000, stock: 5 })
    const gone = await client.option({ stock: 0 })
    const limited = await client.option({ perUserLimit: 1, stock: 1 })
    const ended = await client.option({ saleEndsAt: 1, perUserLimit: 1 })
    const early = await client.option({ saleStartsAt: Date.UTC(2040, 0), saleEndsAt: 1 })
    const inactive = await client.option({ saleStartsAt: Date.UTC(2040, 0) }, 'INACTIVE')
    const held = await client.option({ stock: 1 })
    await placeOrder('grace', { items: [line(held)] })

    // Each case would also be refused by what a later case is refused by.
    const worse = { userCouponId: `${coupon}.9`, expectedAmount: 1, pay: true }
    const cases: [string, object][] = [
      ['option_not_found', { ...worse, items: [line('nothing'), line(inactive)] }],
      ['product_inactive', { ...worse, items: [line(early), line(inactive)] }],
      ['not_started', { ...worse, items: [line(ended), line(early)] }],
      ['ended', { ...worse, items: [line(limited, 2), line(ended)] }],
      ['per_user_limit', { ...worse, items: [line(gone), line(limited, 2)] }],
      ['sold_out', { ...worse, items: [line(held), line(gone)] }],
      ['held', { ...worse, items: [line(held)] }],
      ['coupon_unavailable', { ...worse, items: [line(free)] }],
      ['min_order_amount', { ...worse, userCouponId: claimed.userCouponId, items: [line(free)] }],
      ['amount_changed', { items: [line(free)], expectedAmount: 1, pay: true }],
      ['insufficient_balance', { items: [line(free)], expectedAmount: 1_000, pay: true }],
    ]
    for (const [code, body] of cases) {
      const answer = await placeOrder('frank', body)
      expect([answer.code, answer.status]).toEqual([code, code === 'option_not_found' ? 404 : 409])
    }
  })

  it('says when to try again and what the order would cost', async () => {
    const option = await client.option({ stock: 1, price: 700 })
    const changed = await placeOrder('heidi', { items: [line(option)], expectedAmount: 1 })
    expect(changed.body).toMatchObject({
      originalAmount: 700,
      discountAmount: 0,
      finalAmount: 700,
    })
    await placeOrder('heidi', { items: [line(option)] })
    const held = await placeOrder('ivan', { items: [line(option)] })
    expect(held.body.retryAfterMs).toBeGreaterThan(0)
  })
})

describe('payment and cancellation', () => {
  it('pays once, and again answers the paid order', async () => {
    const option = await client.option({ price: 100 })
    const { body } = await placeOrder('judy', { items: [line(option)] })
    expect(await act(body.id, 'payment', 'judy')).toMatchObject({
      status: 409,
      code: 'insufficient_balance',
    })
    await client.credit('judy', 150)
    const paid = await act(body.id, 'payment', 'judy')
    expect(paid).toMatchObject({
      status: 200,
      body: { id: body.id, status: 'COMPLETED', payment: { amount: 100 } },
    })
    expect(await act(body.id, 'payment', 'judy')).toMatchObject({ status: 200, body: paid.body })
    expect((await get('/v1/me/balance', user('judy'))).body).toEqual({ balance: 50 })
    expect(await act(body.id, 'cancel', 'judy')).toMatchObject({
      status: 409,
      code: 'order_completed',
    })
  })

  it('cancels once, and again answers the cancelled order', async () => {
    const option = await client.option()
    const { body } = await placeOrder('kate', { items: [line(option)] })
    const cancelled = await act(body.id, 'cancel', 'kate')
    expect(cancelled).toMatchObject({
      status: 200,
      body: { status: 'CANCELLED', cancelledAt: expect.any(String) },
    })
    expect((await act(body.id, 'cancel', 'kate')).body).toEqual(cancelled.body)
    expect(await act(body.id, 'payment', 'kate')).toMatchObject({
      status: 409,
      code: 'order_cancelled',
    })
  })

  it('refuses both after the deadline', async () => {
    const option = await client.option()
    const { body } = await placeOrder('liam', { items: [line(option)] })
    await client.lapse(body.id)
    for (const action of ['payment', 'cancel']) {
      expect(await act(body.id, action, 'liam')).toMatchObject({
        status: 409,
        code: 'order_expired',
      })
    }
  })

  it('shows it as expired from then on, with no sweep, however many lapsed with it', async () => {
    const option = await client.option({ stock: limits.reapedHoldsMax + 20, perUserLimit: 1_000 })
    const orders = Array.from({ length: limits.reapedHoldsMax + 20 }, () =>
      placeOrder('luis', { items: [line(option)] }),
    )
    const ids = (await Promise.all(orders)).map(({ body }) => body.id)
    for (const id of ids) await client.lapse(id)
    const shown = await get(`/v1/orders/${ids.at(-1)}`, user('luis'))
    expect(shown.body).toMatchObject({ status: 'EXPIRED', cancelledAt: expect.any(String) })
    expect((await get(`/v1/orders/${ids[0]}`, admin)).body.status).toBe('EXPIRED')
    expect(await client.units(option)).toEqual({ free: ids.length, held: 0, sold: 0 })
  })

  it('shows it as it is where Redis cannot expire it, or takes it for pending still', async () => {
    const option = await client.option()
    const { body } = await placeOrder('lena', { items: [line(option)] })
    const path = `/v1/orders/${body.id}`
    const deadline = await client.redis.zscore(shopKey(client.shop, 'holds'), body.id.slice(11))
    await client.lapse(body.id)

    const full = client.callWith({ engine: client.engineWith({ backlogMax: 1 }) })
    const token = user('lena')
    const pending = { status: 200, body: { status: 'PENDING' } }
    expect(await full('GET', path, { token })).toMatchObject(pending)
    await client.redis.hset(shopKey(client.shop, 'meta'), 'state', 'closed')
    expect(await get(path, token)).toMatchObject(pending)
    await client.redis.hset(shopKey(client.shop, 'meta'), 'state', 'open')

    await client.redis.zadd(shopKey(client.shop, 'holds'), deadline as string, body.id.slice(11))
    expect(await get(path, token)).toMatchObject(pending)
  })

  it("shows a user's order to him and to admins, and is not there for others", async () => {
    const option = await client.option()
    const { body } = await placeOrder('mona', { items: [line(option)] })
    expect((await get(`/v1/orders/${body.id}`, admin)).body).toMatchObject(body)
    const like = `${body.id.slice(0, -1)}${body.id.endsWith('_') ? '-' : '_'}`
    const refusals = [
      await get(`/v1/orders/${body.id}`, user('eve')),
      await act(body.id, 'payment', 'eve'),
      await act(body.id, 'cancel', 'eve'),
      await get('/v1/orders/nothing', user('mona')),
      await act(like, 'payment', 'mona'),
    ]
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ status: 404, code: 'order_not_found' })
    }
  })

  it.each(['are persisted', 'were dropped from Redis'])('answers orders that %s', async (when) => {
    const option = await client.option({ price: 10 })
    await client.credit('nina', 10)
    const place = async () => (await placeOrder('nina', { items: [line(option)] })).body.id
    const [paid, cancelled, lapsed] = [await place(), await place(), await place()]
    const completed = await act(paid, 'payment', 'nina')
    await act(cancelled, 'cancel', 'nina')
    await client.lapse(lapsed)
    await act(lapsed, 'payment', 'nina')
    await drainOutbox({ ...client.dependencies, shop: client.shop })
    const operations = [paid, cancelled, lapsed].map((id) => id.slice(11))
    if (when === 'were dropped from Redis') {
      await client.redis.hdel(shopKey(client.shop, 'orders'), ...operations)
    }

    expect((await get(`/v1/orders/${paid}`, user('nina'))).body).toMatchObject(completed.body)
    expect((await act(paid, 'payment', 'nina')).body).toEqual(completed.body)
    expect((await act(paid, 'cancel', 'nina')).code).toBe('order_completed')
    expect((await act(cancelled, 'payment', 'nina')).code).toBe('order_cancelled')
    expect(await act(cancelled, 'cancel', 'nina')).toMatchObject({
      status: 200,
      body: { status: 'CANCELLED' },
    })
    expect((await act(lapsed, 'payment', 'nina')).code).toBe('order_expired')
    expect((await act(lapsed, 'cancel', 'nina')).code).toBe('order_expired')
    expect((await get(`/v1/orders/${paid}`, user('eve'))).code).toBe('order_not_found')
    expect((await act(paid, 'payment', 'eve')).code).toBe('order_not_found')
  })
})
