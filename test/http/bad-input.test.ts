import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user } = client
const option = await client.option({ stock: 1_000 })
const before = JSON.stringify(await client.state())

const line = { optionId: option, quantity: 1 }
const order = { items: [line] }
const product = { name: 'P', options: [{ price: 1, stock: 1 }] }
const coupon = { name: 'C', discountType: 'FIXED', discountValue: 1, totalQuantity: 1 }

const lines = (...items: unknown[]) => ({ items })
const options = (more: object) => ({ ...product, options: [{ price: 1, stock: 1, ...more }] })

/** Route, bad body, and the field that must be named. A body that is text is sent as it is. */
const badBodies: [route: string, body: unknown, path: string][] = [
  ['orders', {}, 'items'],
  ['orders', [], ''],
  ['orders', null, ''],
  ['orders', '"text"', ''],
  ['orders', '{"items":', ''],
  ['orders', '', ''],
  ['orders', { ...order, price: 1 }, 'price'],
  ['orders', { ...order, userId: 'eve' }, 'userId'],
  ['orders', { ...order, discountAmount: 1 }, 'discountAmount'],
  ['orders', `{"items":[${JSON.stringify(line)}],"__proto__":{"pay":true}}`, '__proto__'],
  ['orders', { ...order, pay: 'true' }, 'pay'],
  ['orders', { ...order, pay: 1 }, 'pay'],
  ['orders', lines(), 'items'],
  ['orders', lines({ ...line, price: 1 }), 'items.0.price'],
  ['orders', lines(...Array(51).fill(line)), 'items'],
  ['orders', lines({ optionId: option }), 'items.0.quantity'],
  ['orders', lines({ ...line, quantity: 0 }), 'items.0.quantity'],
  ['orders', lines({ ...line, quantity: -1 }), 'items.0.quantity'],
  ['orders', lines({ ...line, quantity: 1.5 }), 'items.0.quantity'],
  ['orders', lines({ ...line, quantity: '1' }), 'items.0.quantity'],
  ['orders', lines({ ...line, quantity: null }), 'items.0.quantity'],
  ['orders', lines({ ...line, quantity: limits.quantityMax + 1 }), 'items.0.quantity'],
  ['orders', lines({ ...line, quantity: 2 ** 53 }), 'items.0.quantity'],
  ['orders', `{"items":[{"optionId":"x","quantity":1e308}]}`, 'items.0.quantity'],
  ['orders', `{"items":[{"optionId":"x","quantity":1e999}]}`, 'items.0.quantity'],
  ['orders', `{"items":[{"optionId":"x","quantity":-0}]}`, 'items.0.quantity'],
  ['orders', `{"items":[{"optionId":"x","quantity":NaN}]}`, ''],
  ['orders', lines({ ...line, optionId: '' }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: 7 }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: '{x}' }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: `${option}:free` }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: 'a\r\nb' }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: 'a\u0000b' }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: 'a\n' }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: '#' }), 'items.0.optionId'],
  ['orders', lines({ ...line, optionId: 'a'.repeat(65) }), 'items.0.optionId'],
  ['orders', { ...order, userCouponId: 'x' }, 'userCouponId'],
  ['orders', { ...order, userCouponId: 'x.0' }, 'userCouponId'],
  ['orders', { ...order, userCouponId: 'x.1.1' }, 'userCouponId'],
  ['orders', { ...order, userCouponId: '{x}.1' }, 'userCouponId'],
  ['orders', { ...order, expectedAmount: -1 }, 'expectedAmount'],
  ['orders', { ...order, expectedAmount: '' }, 'expectedAmount'],
  ['orders', `{"items":[${JSON.stringify(line)}],"expectedAmount":-0}`, 'expectedAmount'],

  ['users/alice/charges', {}, 'amount'],
  ['users/alice/charges', { amount: 0 }, 'amount'],
  ['users/alice/charges', { amount: -5 }, 'amount'],
  ['users/alice/charges', { amount: 0.1 }, 'amount'],
  ['users/alice/charges', { amount: '5' }, 'amount'],
  ['users/alice/charges', { amount: limits.chargeMax + 1 }, 'amount'],
  ['users/alice/charges', { amount: 1, balance: 5 }, 'balance'],

  ['users', { name: 'A' }, 'id'],
  ['users', { id: 'a:b', name: 'A' }, 'id'],
  ['users', { id: 'a', name: '' }, 'name'],
  ['users', { id: 'a', name: ' \u2003' }, 'name'],
  ['users', { id: 'a', name: 'a\u0000' }, 'name'],
  ['users', { id: 'a', name: 'a\nb' }, 'name'],
  ['users', '{"id":"a","name":"\\ud800"}', 'name'],
  ['users', { id: 'a', name: 'a'.repeat(limits.nameLengthMax + 1) }, 'name'],
  ['users', { id: 'a', name: 'A', email: 'a@' }, 'email'],
  ['users', { id: 'a', name: 'A', email: `${'a'.repeat(250)}@b.org` }, 'email'],
  ['users', { id: 'a', name: 'A', role: 'admin' }, 'role'],

  ['products', { name: 'P' }, 'options'],
  ['products', { ...product, options: [] }, 'options'],
  ['products', { ...product, options: Array(101).fill({ price: 1, stock: 1 }) }, 'options'],
  ['products', { ...product, name: 'a\u007f' }, 'name'],
  ['products', { ...product, status: 'active' }, 'status'],
  ['products', { ...product, id: 'mine' }, 'id'],
  ['products', { ...product, brand: null }, 'brand'],
  ['products', options({ price: -1 }), 'options.0.price'],
  ['products', options({ price: limits.priceMax + 1 }), 'options.0.price'],
  ['products', options({ price: 9.99 }), 'options.0.price'],
  ['products', options({ stock: -1 }), 'options.0.stock'],
  ['products', options({ stock: limits.stockMax + 1 }), 'options.0.stock'],
  ['products', options({ perUserLimit: 0 }), 'options.0.perUserLimit'],
  ['products', options({ holdMs: 999 }), 'options.0.holdMs'],
  ['products', options({ holdMs: 86_400_001 }), 'options.0.holdMs'],
  ['products', options({ sold: 1 }), 'options.0.sold'],
  ['products', options({ saleStartsAt: 1_700_000_000_000 }), 'options.0.saleStartsAt'],
  ['products', options({ saleStartsAt: '2030-01-01' }), 'options.0.saleStartsAt'],
  ['products', options({ saleStartsAt: '2030-02-30T00:00:00Z' }), 'options.0.saleStartsAt'],
  ['products', options({ saleStartsAt: '1969-01-01T00:00:00Z' }), 'options.0.saleStartsAt'],
  ['products', options({ saleStartsAt: '9999-01-01T00:00:00Z' }), 'options.0.saleStartsAt'],
  [
    'products',
    options({ saleStartsAt: '2030-01-01T00:00:00Z', saleEndsAt: '2030-01-01T00:00:00Z' }),
    'options.0.saleEndsAt',
  ],

  ['options/x/stock-adjustments', { change: 0, reason: 'r' }, 'change'],
  ['options/x/stock-adjustments', { change: 1 }, 'reason'],
  ['options/x/stock-adjustments', { change: 1, reason: 'a\tb' }, 'reason'],
  ['options/x/stock-adjustments', { change: -1e300, reason: 'r' }, 'change'],
  ['options/x/stock-adjustments', '{"change":-0,"reason":"r"}', 'change'],

  ['coupons', { ...coupon, discountType: 'FREE' }, 'discountType'],
  ['coupons', { ...coupon, discountValue: 0 }, 'discountValue'],
  ['coupons', { ...coupon, discountValue: limits.priceMax + 1 }, 'discountValue'],
  ['coupons', { ...coupon, discountType: 'PERCENTAGE', discountValue: 10_001 }, 'discountValue'],
  ['coupons', { ...coupon, totalQuantity: 0 }, 'totalQuantity'],
  ['coupons', { ...coupon, totalQuantity: limits.couponQuantityMax + 1 }, 'totalQuantity'],
  ['coupons', { ...coupon, perUserLimit: limits.couponPerUserMax + 1 }, 'perUserLimit'],
  ['coupons', { ...coupon, code: 'ä' }, 'code'],
  ['coupons', { ...coupon, code: '' }, 'code'],
  ['coupons', { ...coupon, code: '#' }, 'code'],
  ['coupons', { ...coupon, issuedQuantity: 1 }, 'issuedQuantity'],
  ['coupons', { ...coupon, restoreOnCancel: 'yes' }, 'restoreOnCancel'],
  ['coupons', { ...coupon, userCouponTtlSeconds: 0 }, 'userCouponTtlSeconds'],
  [
    'coupons',
    { ...coupon, validFrom: '2030-01-02T00:00:00Z', validUntil: '2030-01-01T00:00:00Z' },
    'validUntil',
  ],

  ['coupons/claims', {}, 'code'],
  ['coupons/claims', { code: 7 }, 'code'],
  ['coupons/claims', { code: null }, 'code'],
  ['coupons/claims', { code: ['a'] }, 'code'],
  ['coupons/claims', {}, 'code'],
  ['coupons/x/claims', { userId: 'eve' }, ''],
  ['coupons/x/claims', '[', ''],
  ['orders/x/payment', { amount: 1 }, ''],
  ['orders/x/cancel', { force: true }, ''],
]

describe('bad input', () => {
  it.each(badBodies)('refuses for %s the body %j', async (route, body, path) => {
    const answer = await client.post(`/v1/${route}`, { token: admin, key: 'key', body })
    expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.body.errors).toContainEqual({ path, message: expect.any(String) })
  })

  it.each([
    ['GET', '/v1/orders/%7Bx%7D'],
    ['GET', '/v1/orders/a:b'],
    ['GET', '/v1/orders/a%0D%0Ab'],
    ['GET', '/v1/orders/a%00b'],
    ['GET', '/v1/orders/%ff'],
    ['GET', '/v1/orders/%'],
    ['GET', `/v1/orders/${'a'.repeat(65)}`],
    ['POST', '/v1/orders/a:b/payment'],
    ['POST', '/v1/orders/a:b/cancel'],
    ['POST', '/v1/coupons/%23/claims'],
    ['GET', '/v1/coupons/a:issued'],
    ['GET', '/v1/products/%7B%7D'],
    ['GET', '/v1/users/a%20b'],
    ['GET', '/v1/users/a.b/balance/history'],
    ['POST', '/v1/users/a%2Fb/charges'],
    ['POST', '/v1/options/a:free/stock-adjustments'],
    // Beyond what the number of an event can be.
    ['GET', '/v1/dead-letters/9999999999999-1'],
    ['POST', '/v1/dead-letters/8796093022208-0/retry'],
  ])('refuses the id in %s %s', async (method, path) => {
    const answer = await client.call(method, path, { token: admin, key: 'key' })
    expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.body.errors).toContainEqual({ path: 'id', message: expect.any(String) })
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'json', ''])(
    'refuses the content type %j',
    async (type) => {
      const answer = await client.post('/v1/orders', {
        token: user('alice'),
        key: 'key',
        body: order,
        headers: { 'content-type': type },
      })
      expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
      expect(answer.body.errors).toContainEqual({
        path: 'content-type',
        message: 'Must be application/json',
      })
    },
  )

  it.each([undefined, '', ' ', 'a b', 'a,b c', 'é', 'a'.repeat(256)])(
    'refuses the idempotency key %j before it looks at the body',
    async (key) => {
      const request = { token: admin, key, body: '{' }
      for (const path of [
        '/v1/orders',
        '/v1/users/alice/charges',
        '/v1/options/x/stock-adjustments',
      ]) {
        expect(await client.post(path, request)).toMatchObject({
          status: 400,
          code: 'idempotency_key_required',
        })
      }
    },
  )

  it('refuses a body that is too large, whether or not it says so', async () => {
    const token = user('alice')
    const large = JSON.stringify({ items: [], padding: 'x'.repeat(1_000_000) })
    for (const path of ['/v1/orders', '/v1/coupons/x/claims', '/v1/coupons/claims']) {
      const said: Record<string, string> = { 'content-length': String(large.length) }
      for (const headers of [said, {}, { 'transfer-encoding': 'chunked' }]) {
        const answer = await client.post(path, { token, key: 'key', body: large, headers })
        expect(answer).toMatchObject({ status: 413, code: 'body_too_large' })
      }
    }
  })

  it('reads a body of the largest size that came in chunks', async () => {
    const body = JSON.stringify(order)
    const padded = body + ' '.repeat(limits.bodyBytesMax - body.length)
    const answer = await client.post('/v1/orders', {
      token: user('alice'),
      key: 'padded',
      body: padded,
      headers: { 'transfer-encoding': 'chunked' },
    })
    expect(answer.status).toBe(201)
    await client.post(`/v1/orders/${answer.body.id}/cancel`, { token: user('alice') })
  })

  it('names at most a bounded number of wrong fields', async () => {
    const body = Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`field-${n}`, n]))
    const answer = await client.post('/v1/coupons', { token: admin, body })
    expect(answer.body.errors).toHaveLength(limits.fieldErrorsMax)
  })
})

describe('the effect of bad input', () => {
  it('is nothing: no change in Redis, nothing logged', async () => {
    const untouched = await openClient()
    const unchanged = JSON.stringify(await untouched.state())
    for (const [route, body] of badBodies) {
      await untouched.post(`/v1/${route}`, { token: untouched.admin, key: 'key', body })
    }
    expect(JSON.stringify(await untouched.state())).toBe(unchanged)
    expect(untouched.errors).toEqual([])
    expect(client.errors).toEqual([])
    expect(before).toContain(option)
  })
})
