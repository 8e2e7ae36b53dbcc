import { afterAll, describe, expect, it } from 'vitest'
import { openApiOrm } from '../../src/db/orm.ts'
import { openEngine } from '../../src/engine/engine.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { openVerifier } from '../../src/verify/verifier.ts'
import { redisUrl } from '../support/redis.ts'
import { openClient, tokenOf } from './client.ts'
import { openStallingProxy } from './stalling-proxy.ts'

/** Nothing listens on the port of the TCP multiplexer. */
const nowhere = '127.0.0.1:1'

describe('without Postgres', () => {
  it('sells on, and answers 503 only where Postgres is needed', async () => {
    const client = await openClient()
    const orm = openApiOrm(`postgresql://nobody@${nowhere}/nothing`)
    afterAll(() => orm.close())
    const call = client.callWith({ orm })
    const { admin, user } = client
    const token = user('alice')
    const option = await client.option({ price: 100 })
    const coupon = await client.coupon({ code: 'open' })

    const charge = { token: admin, key: 'charge', body: { amount: 500 } }
    expect((await call('POST', '/v1/users/alice/charges', charge)).status).toBe(201)
    expect((await call('POST', `/v1/coupons/${coupon}/claims`, { token })).status).toBe(201)
    const body = { items: [{ optionId: option, quantity: 1 }] }
    const placed = await call('POST', '/v1/orders', { token, key: 'one', body })
    expect(placed.status).toBe(201)
    const path = `/v1/orders/${placed.body.id}`
    expect((await call('GET', path, { token })).status).toBe(200)
    expect((await call('POST', `${path}/payment`, { token })).status).toBe(200)
    const refund = { token: admin, key: 'refund' }
    expect((await call('POST', `${path}/refunds`, refund)).status).toBe(201)
    const other = await call('POST', '/v1/orders', { token, key: 'two', body })
    expect((await call('POST', `/v1/orders/${other.body.id}/cancel`, { token })).status).toBe(200)
    const line = { token, body: { quantity: 1 } }
    expect((await call('PUT', `/v1/me/cart/items/${option}`, line)).status).toBe(200)
    const fromCart = { token, key: 'cart', body: { fromCart: true } }
    expect((await call('POST', '/v1/orders', fromCart)).status).toBe(201)
    for (const change of [
      [`/v1/options/${option}`, { price: 90 }],
      [`/v1/coupons/${coupon}`, { status: 'PAUSED' }],
    ] as const) {
      const answer = await call('PATCH', change[0], { token: admin, body: change[1] })
      expect(answer.status).toBe(200)
    }
    for (const read of [
      '/v1/me/balance',
      '/v1/products',
      `/v1/coupons/${coupon}`,
      '/v1/products/popular',
      '/v1/me/cart',
    ]) {
      expect((await call('GET', read, { token })).status).toBe(200)
    }

    const needed = [
      '/v1/me',
      '/v1/me/orders',
      '/v1/me/balance/history',
      '/v1/me/coupons',
      '/v1/users/alice',
      '/v1/coupons',
      `/v1/coupons/${coupon}/history`,
      `/v1/options/${option}/stock-history`,
      '/v1/rankings',
      `${path}/refunds`,
    ]
    const answers = needed.map((read) => call('GET', read, { token: admin }))
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ status: 503, code: 'unavailable' })
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(JSON.stringify(answer.body)).not.toContain('127.0.0.1')
    }
    expect(client.errors).toEqual([])
  })
})

describe('while Postgres hangs', () => {
  it('answers 503 within about two seconds, also the requests that wait for a connection', async () => {
    const client = await openClient()
    const proxy = await openStallingProxy(client.databaseUrl)
    const orm = openApiOrm(proxy.address)
    const verifier = openVerifier({ redis: client.redis, orm, databaseUrl: proxy.address })
    afterAll(async () => {
      await verifier.close()
      await orm.close()
    })
    const call = client.callWith({ orm, verify: verifier.verify })
    const token = client.admin
    const needed = ['/v1/me', '/v1/me/orders', '/v1/me/balance/history', '/v1/verify']
    const requests = Array.from({ length: 5 }, () => needed).flat()
    // Frozen before the first connection is made, and with connections in use.
    for (const isConnected of [false, true]) {
      if (isConnected) {
        for (const path of needed)
          expect(await call('GET', path, { token })).toMatchObject({ status: 200 })
      }
      proxy.stall()
      const startedAtMs = performance.now()
      const answers = await Promise.all(requests.map((path) => call('GET', path, { token })))
      expect(performance.now() - startedAtMs).toBeLessThan(2_800)
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 503, code: 'unavailable' })
        expect(answer.headers.get('retry-after')).toBe('1')
      }
      proxy.resume()
    }
    expect(client.errors).toEqual([])
  })
})

describe('while Redis hangs or is cut off', () => {
  it('answers 503 to a verification, and reports no bug', async () => {
    const client = await openClient()
    const proxy = await openStallingProxy(redisUrl())
    const redis = connectRedis(proxy.address, { name: 'stalling' })
    redis.on('error', () => {})
    await redis.connect()
    const { orm } = client.dependencies
    const verifier = openVerifier({ redis, orm, databaseUrl: client.databaseUrl })
    afterAll(() => Promise.all([redis.disconnect(), verifier.close()]))
    const call = client.callWith({ redis, verify: verifier.verify })
    const verify = () => call('GET', '/v1/verify', { token: client.admin })
    expect(await verify()).toMatchObject({ status: 200, body: { ok: true } })

    proxy.stall()
    expect(await verify()).toMatchObject({ status: 503, code: 'unavailable' })
    const underWay = verify()
    redis.disconnect()
    const answers = [await underWay, await verify()]
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, code: 'unavailable' })
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    expect(client.errors).toEqual([])
  })
})

describe('without Redis', () => {
  it('answers 503 with Retry-After within a second', async () => {
    const client = await openClient()
    const redis = connectRedis(`redis://${nowhere}`, { name: 'nowhere' })
    redis.on('error', () => {})
    const { orm } = client.dependencies
    const verifier = openVerifier({ redis, orm, databaseUrl: client.databaseUrl })
    afterAll(() => Promise.all([redis.disconnect(), verifier.close()]))
    const engine = openEngine({ redis, holdMs: 1_000 })
    const call = client.callWith({ redis, engine, verify: verifier.verify })
    const requests: [string, string, object][] = [
      ['POST', '/v1/coupons/x/claims', {}],
      ['POST', '/v1/orders', { key: 'k', body: { items: [{ optionId: 'x', quantity: 1 }] } }],
      ['POST', '/v1/coupons/claims', { body: { code: 'x' } }],
      ['POST', '/v1/users/x/charges', { key: 'k', body: { amount: 1 } }],
      ['GET', '/v1/products', {}],
      ['GET', '/v1/me/balance', {}],
      ['GET', '/v1/products/popular', {}],
      ['GET', '/v1/verify', {}],
    ]
    for (const [method, path, more] of requests) {
      const startedAtMs = performance.now()
      const answer = await call(method, path, { token: client.admin, ...more })
      expect(answer).toMatchObject({ status: 503, code: 'unavailable' })
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(performance.now() - startedAtMs).toBeLessThan(1_000)
    }
    expect(client.errors).toEqual([])
  })
})

describe('a shop that cannot decide', () => {
  it('is closed while its state says so, or where it lost a key', async () => {
    const client = await openClient()
    const coupon = await client.coupon()
    const option = await client.option()
    const attempt = async () => [
      await client.post(`/v1/coupons/${coupon}/claims`, { token: client.user('alice') }),
      await client.placeOrder('alice', { items: [{ optionId: option, quantity: 1 }] }),
      await client.credit('alice', 1),
    ]
    await client.redis.hset(shopKey(client.shop, 'meta'), 'state', 'closed')
    for (const answer of await attempt()) {
      expect(answer).toMatchObject({ status: 503, code: 'shop_closed' })
      expect(answer.headers.get('retry-after')).toBe('5')
    }
    await client.redis.hset(shopKey(client.shop, 'meta'), 'state', 'open')
    await client.redis.del(shopKey(client.shop, 'orders'))
    for (const answer of await attempt()) expect(answer.code).toBe('shop_closed')
  })

  it('is closed where nobody opened it', async () => {
    const client = await openClient()
    const token = tokenOf('alice', { shop: 'never-opened' })
    const answer = await client.post('/v1/coupons/x/claims', { token })
    expect(answer).toMatchObject({ status: 503, code: 'shop_closed' })
  })

  it('refuses new effects while its backlog is full, and still answers repeated requests', async () => {
    const client = await openClient()
    const coupon = await client.coupon()
    const path = `/v1/coupons/${coupon}/claims`
    await client.post(path, { token: client.user('alice') })
    const call = client.callWith({ engine: client.engineWith({ backlogMax: 1 }) })
    const refused = await call('POST', path, { token: client.user('bob') })
    expect(refused).toMatchObject({ status: 503, code: 'backlog_full' })
    expect(refused.headers.get('retry-after')).toBe('5')
    expect((await call('POST', path, { token: client.user('alice') })).status).toBe(200)
  })
})
