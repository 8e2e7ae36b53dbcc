import { createHmac } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { limits } from '../../src/limits.ts'
import { openTokenSigner } from '../../src/services/token-signer.ts'
import { httpConfig, openClient, secret, tokenOf } from './client.ts'

const client = await openClient()
const { admin, user, get, call, shop } = client

const inAnHour = Math.floor(Date.now() / 1_000) + 3_600
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
/** Signs what a library would refuse to sign, too. */
const sign = (payload: unknown, key = secret, algorithm: 'HS256' | 'HS512' = 'HS256') => {
  const input = `${base64url({ alg: algorithm, typ: 'JWT' })}.${base64url(payload)}`
  const hash = algorithm.replace('HS', 'sha')
  return `${input}.${createHmac(hash, key).update(input).digest('base64url')}`
}
const unsigned = (header: object, payload: object) => `${base64url(header)}.${base64url(payload)}.`

const claims = { sub: 'alice', exp: inAnHour, shop }
const valid = sign(claims)
const [header, payload, signature] = valid.split('.') as [string, string, string]

describe('tokens', () => {
  it('accepts a token for as long as it is valid, cached or not', async () => {
    for (let time = 0; time < 3; time++) {
      expect(await get('/v1/me', valid)).toMatchObject({ status: 200, body: { id: 'alice' } })
    }
  })

  it.each<[string, string]>([
    ['empty', ''],
    ['not a token', 'abc'],
    ['two parts', `${header}.${payload}`],
    ['no signature', `${header}.${payload}.`],
    ['another payload', `${header}.${base64url({ ...claims, sub: 'eve' })}.${signature}`],
    ['a cut signature', valid.slice(0, -1)],
    ['four parts', `${valid}.${signature}`],
    ['alg none', unsigned({ alg: 'none', typ: 'JWT' }, claims)],
    ['alg None', unsigned({ alg: 'None', typ: 'JWT' }, claims)],
    ['no alg', `${base64url({ typ: 'JWT' })}.${payload}.${signature}`],
    ['another algorithm', sign(claims, secret, 'HS512')],
    [
      'an algorithm without keys',
      `${base64url({ alg: 'RS256', kid: 'a' })}.${payload}.${signature}`,
    ],
    ['another secret', sign(claims, `${secret}!`)],
    ['expired', sign({ ...claims, exp: inAnHour - 3_601 })],
    ['exp as text', sign({ ...claims, exp: String(inAnHour) })],
    ['exp missing', sign({ sub: 'alice', shop })],
    ['exp null', sign({ ...claims, exp: null })],
    ['not valid yet', sign({ ...claims, nbf: inAnHour })],
    ['sub missing', sign({ exp: inAnHour, shop })],
    ['sub with a colon', sign({ ...claims, sub: 'a:b' })],
    ['sub with braces', sign({ ...claims, sub: '{a}' })],
    ['sub too long', sign({ ...claims, sub: 'a'.repeat(65) })],
    ['sub as a number', sign({ ...claims, sub: 7 })],
    ['an unknown role', sign({ ...claims, role: 'root' })],
    ['a shop with a colon', sign({ ...claims, shop: 'a:b' })],
    ['too long', sign({ ...claims, more: 'a'.repeat(limits.tokenLengthMax) })],
    ['not an object', sign(['alice'])],
  ])('refuses a token: %s', async (_, token) => {
    const answer = await get('/v1/me', token)
    expect(answer).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    // A public route does not need a token, but takes none that is not valid.
    expect((await get('/v1/products', token)).status).toBe(401)
  })

  it.each(['Basic YTpi', 'Bearer', `Token ${valid}`, `Bearer ${valid} more`, valid])(
    'refuses the header %s',
    async (authorization) => {
      const answer = await call('GET', '/v1/me', { headers: { authorization } })
      expect(answer.code).toBe('unauthorized')
    },
  )

  it('refuses a cached token the second it expires', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60
    const token = tokenOf('alice', { shop, exp })
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(exp * 1_000 - 1)
      expect((await get('/v1/me', token)).status).toBe(200)
      vi.setSystemTime(exp * 1_000)
      expect((await get('/v1/me', token)).status).toBe(401)
      expect((await get('/v1/me', token)).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('issuer and audience', () => {
  const send = client.callWith({
    config: { ...httpConfig, JWT_ISSUER: 'https://id.example.org', JWT_AUDIENCE: 'stampede' },
  })
  const statusOf = async (more: object) =>
    (await send('GET', '/v1/me', { token: sign({ ...claims, ...more }) })).status

  it('must be those of the configuration', async () => {
    const iss = 'https://id.example.org'
    expect(await statusOf({ iss, aud: 'stampede' })).toBe(200)
    expect(await statusOf({ iss, aud: ['other', 'stampede'] })).toBe(200)
    for (const aud of [undefined, null, 'other', 'stampede2', ['other'], [], { 0: 'stampede' }]) {
      expect(await statusOf({ iss, aud })).toBe(401)
    }
    for (const other of [undefined, null, `${iss}/`, 'https://evil.example.org', [iss]]) {
      expect(await statusOf({ iss: other, aud: 'stampede' })).toBe(401)
    }
  })

  it('are in the tokens that the engine signs', async () => {
    const config = loadConfig({
      JWT_SECRET: secret,
      JWT_ISSUER: 'https://id.example.org',
      JWT_AUDIENCE: 'stampede',
    })
    const token = openTokenSigner(config, 60_000)({ sub: 'alice', role: 'user', shop })
    expect((await send('GET', '/v1/me', { token })).status).toBe(200)
  })
})

describe('roles', () => {
  const adminRoutes: [string, string][] = [
    ['POST', '/v1/users'],
    ['POST', '/v1/users/alice/charges'],
    ['GET', '/v1/users/alice'],
    ['GET', '/v1/users/alice/balance/history'],
    ['POST', '/v1/products'],
    ['POST', '/v1/options/x/stock-adjustments'],
    ['POST', '/v1/coupons'],
    ['GET', '/v1/verify'],
  ]
  const userRoutes: [string, string][] = [
    ['GET', '/v1/me'],
    ['GET', '/v1/me/balance'],
    ['GET', '/v1/me/balance/history'],
    ['GET', '/v1/me/orders'],
    ['POST', '/v1/coupons/x/claims'],
    ['POST', '/v1/coupons/claims'],
    ['POST', '/v1/orders'],
    ['GET', '/v1/orders/x'],
    ['POST', '/v1/orders/x/payment'],
    ['POST', '/v1/orders/x/cancel'],
  ]

  it.each(adminRoutes)('keeps %s %s for admins', async (method, path) => {
    expect(await call(method, path)).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(await call(method, path, { token: user('alice') })).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
    expect([401, 403]).not.toContain((await call(method, path, { token: admin })).status)
  })

  it.each(userRoutes)('lets users and admins use %s %s', async (method, path) => {
    expect(await call(method, path)).toMatchObject({ status: 401, code: 'unauthorized' })
    for (const token of [user('alice'), admin]) {
      expect([401, 403]).not.toContain((await call(method, path, { token })).status)
    }
  })

  it('looks for a token before it looks at the request', async () => {
    const bad = { body: '{', key: 'ö' }
    expect((await call('POST', '/v1/orders', bad)).code).toBe('unauthorized')
    const asUser = { ...bad, token: user('alice') }
    expect((await call('POST', '/v1/users/alice/charges', asUser)).code).toBe('forbidden')
  })
})

describe('shops', () => {
  it('never lets a token act in another shop, whatever X-Shop says', async () => {
    const option = await client.option()
    const order = await client.placeOrder('alice', { items: [{ optionId: option, quantity: 1 }] })
    const stranger = tokenOf('alice', { shop: 'other' })
    const strangeAdmin = tokenOf('operator', { shop: 'other', role: 'admin' })
    for (const token of [stranger, strangeAdmin]) {
      const answer = await call('GET', `/v1/orders/${order.body.id}`, {
        token,
        headers: { 'x-shop': shop },
      })
      expect(answer.status).not.toBe(200)
    }
  })

  it.each(['a:b', '{a}', 'a b', 'ä', 'a'.repeat(65)])('refuses X-Shop: %s', async (name) => {
    for (const token of [undefined, user('alice')]) {
      const headers = { 'x-shop': name }
      const answer = await call('GET', '/v1/products', { token, headers }).catch((error) => error)
      // Node refuses to send some of them at all.
      if (answer instanceof Error) return
      expect(answer).toMatchObject({
        status: 400,
        code: 'invalid_request',
        body: { errors: [{ path: 'x-shop' }] },
      })
    }
  })
})
