import { hc } from 'hono/client'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { AppType } from '../../src/http/app.ts'
import { opsPaths } from '../../src/http/ops.ts'
import { pagePaths } from '../../src/http/pages.ts'
import { type ProblemCode, problemCodes } from '../../src/http/problem-codes.ts'
import { queueBoardPath } from '../../src/http/queue-board.ts'
import { shopSessionPath } from '../../src/http/shop-session.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, call, get } = client

describe('problems', () => {
  it('answers 404 where there is no route, also for routes of a later version', async () => {
    for (const path of ['/', '/v2', '/v1', '/v1/nothing', '/v1/me/', '/v1/me/cart/items']) {
      expect(await get(path)).toMatchObject({ status: 404, code: 'not_found' })
    }
  })

  it('answers 405 and the allowed methods where only the method is wrong', async () => {
    const answer = await call('DELETE', '/v1/products')
    expect(answer).toMatchObject({ status: 405, code: 'method_not_allowed' })
    expect(answer.headers.get('allow')).toBe('GET, POST')
    expect((await call('PUT', '/livez')).headers.get('allow')).toBe('GET')
    expect((await call('PATCH', '/v1/orders/x/payment')).headers.get('allow')).toBe('POST')
  })

  it('takes no name in an address for an id', async () => {
    const claims = await get('/v1/coupons/claims')
    expect(claims).toMatchObject({ status: 405, code: 'method_not_allowed' })
    expect(claims.headers.get('allow')).toBe('POST')
    expect((await call('PATCH', '/v1/products/popular')).headers.get('allow')).toBe('GET')
  })

  it('has the members of RFC 9457, the code and the request id', async () => {
    const answer = await call('GET', '/v1/me', { headers: { 'x-request-id': 'my-1' } })
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.body).toEqual({
      type: 'urn:stampede:problem:unauthorized',
      title: expect.any(String),
      status: 401,
      detail: expect.any(String),
      code: 'unauthorized',
      requestId: 'my-1',
    })
  })

  it('tells nothing about an unexpected error but the request id, and logs it once', async () => {
    const secretText = 'select secret from redis://host {shop}:meta'
    const failing = client.callWith({
      verify: async () => {
        throw new Error(secretText)
      },
    })
    const answer = await failing('GET', '/v1/verify', { token: admin })
    expect(answer).toMatchObject({ status: 500, code: 'internal' })
    expect(JSON.stringify(answer.body)).not.toMatch(/select|redis|host|shop}|stack|\.ts/)
    expect(client.errors).toHaveLength(1)
    expect(client.errors[0]).toMatchObject([{ requestId: answer.body.requestId }, /./])
  })
})

describe('headers', () => {
  it.each([
    ['abc-123_x.y:z=', 'abc-123_x.y:z='],
    ['a b', null],
    ['<script>', null],
    ['a'.repeat(128), 'a'.repeat(128)],
    ['a'.repeat(129), null],
    ['', null],
  ])('answers the request id %j with %j, or with one of its own', async (given, expected) => {
    for (const path of ['/livez', '/v1/me', '/nothing']) {
      const { headers } = await call('GET', path, { headers: { 'x-request-id': given } })
      const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/)
      expect(headers.get('x-request-id')).toEqual(expected ?? uuid)
    }
  })

  it('are safe and forbid caching, on successes and problems', async () => {
    for (const path of ['/livez', '/openapi.json', '/v1/me', '/v1/products', '/nothing']) {
      const { headers } = await get(path)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.has('x-powered-by')).toBe(false)
    }
  })
})

describe('operations', () => {
  it('answers /livez, and /readyz as it is told', async () => {
    expect(await get('/livez')).toMatchObject({ status: 200, body: { ok: true } })
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { ok: true } })
    const state = { ok: false, checks: [{ name: 'postgres', ok: false, detail: 'gone' }] }
    const unready = client.callWith({ readiness: async () => state })
    const answer = await unready('GET', '/readyz')
    expect(answer).toMatchObject({ status: 503, body: state })
    expect(answer.headers.get('retry-after')).toBe('1')
  })

  it("verifies the caller's shop", async () => {
    const shops: string[] = []
    const report = { ok: false, checks: [], backlog: 3, dropped: 0, epoch: 2 }
    const verifying = client.callWith({
      verify: async (shop) => {
        shops.push(shop)
        return report
      },
    })
    const answer = await verifying('GET', '/v1/verify', { token: admin })
    expect(answer).toMatchObject({ status: 200, body: report })
    expect(shops).toEqual([client.shop])
  })
})

describe('/openapi.json', () => {
  it('documents every route with its security and its refusals in order', async () => {
    const { body: document } = await get('/openapi.json')
    expect(document.openapi).toBe('3.1.0')
    expect(document.components.securitySchemes.bearer).toMatchObject({ scheme: 'bearer' })

    const documented = Object.entries<Record<string, unknown>>(document.paths)
      .flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      )
      .sort()
    const others = new Set([
      '/openapi.json',
      '/metrics',
      ...opsPaths,
      shopSessionPath,
      ...pagePaths,
      queueBoardPath,
    ])
    const served = client.app.routes
      .filter(({ method, path }) => method !== 'ALL' && !others.has(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect(documented).toEqual([...new Set(served)].sort())

    const { post } = document.paths['/v1/orders']
    expect(post.security).toEqual([{ bearer: [] }])
    expect(post['x-refusals'].slice(0, 11)).toEqual([
      'rate_limited',
      'unauthorized',
      'body_too_large',
      'idempotency_key_required',
      'invalid_request',
      'unavailable',
      'shop_closed',
      'admission_required',
      'idempotency_key_reused',
      'cart_empty',
      'option_not_found',
    ])
    expect(post.parameters).toMatchObject([
      { name: 'Idempotency-Key', in: 'header' },
      { name: 'X-Admission', in: 'header' },
    ])
    expect(post.responses[422].content['application/problem+json'].schema).toEqual({
      $ref: '#/components/schemas/Problem',
    })
  })

  it('has patterns that a client can use, also for text', async () => {
    const { body: document } = await get('/openapi.json')
    const patterns = new Map<string, RegExp>()
    JSON.stringify(document, (key, value) => {
      if (key === 'pattern') patterns.set(value, new RegExp(value, 'u'))
      return value
    })
    expect(patterns.size).toBeGreaterThan(3)
    const product = document.paths['/v1/products'].post.requestBody.content['application/json']
    const { pattern } = product.schema.properties.name
    expect('Trainers, größe 43').toMatch(patterns.get(pattern) as RegExp)
    expect('Train\ners').not.toMatch(patterns.get(pattern) as RegExp)
  })

  it('names no code that the problems do not have, and every status of its codes', async () => {
    const { body: document } = await get('/openapi.json')
    type Route = { 'x-refusals': ProblemCode[]; responses: object }
    for (const [path, methods] of Object.entries<Record<string, Route>>(document.paths)) {
      if (!path.startsWith('/v1')) continue
      for (const route of Object.values(methods)) {
        for (const code of route['x-refusals']) {
          expect(route.responses).toHaveProperty(String(problemCodes[code].status))
        }
      }
    }
  })
})

describe('the typed client', () => {
  it('knows the inputs and answers of the routes', async () => {
    const typed = hc<AppType>('http://localhost', {
      fetch: (input: string | URL | Request, init?: RequestInit) =>
        client.app.request(input as string, init),
      headers: { authorization: `Bearer ${user('alice')}` },
    })
    const option = await client.option({ price: 70 })
    const response = await typed.v1.orders.$post(
      { json: { items: [{ optionId: option, quantity: 1 }] } },
      { headers: { 'idempotency-key': 'typed' } },
    )
    if (response.status !== 201) throw new Error(`answered ${response.status}`)
    const order = await response.json()
    expectTypeOf(order.payment).toEqualTypeOf<{
      id: string
      amount: number
      status: 'PAID' | 'PARTIALLY_REFUNDED' | 'REFUNDED'
      paidAt: string
    } | null>()
    expect(order.finalAmount).toBe(70)

    const missing = await typed.v1.orders[':id'].$get({ param: { id: 'nothing' } })
    if (missing.status !== 404) throw new Error(`answered ${missing.status}`)
    expect((await missing.json()).code).toBe('order_not_found')
  })
})
