import { describe, expect, it, vi } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { ensureShop } from '../../src/db/shops.ts'
import { Unavailable } from '../../src/domain/outcome.ts'
import { openEngine } from '../../src/engine/engine.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { countBatch } from '../../src/telemetry/decision-metrics.ts'
import { countAnswersOf } from '../../src/telemetry/http-metrics.ts'
import { openShopMetrics } from '../../src/telemetry/shop-metrics.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { redis, orm } = client.dependencies
openShopMetrics({ redis, orm })

const basic = (password: string, name = 'operator') =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

/** The samples of `/metrics` by name and labels, as they are written there. */
async function samples(): Promise<Map<string, number>> {
  const { status, body, headers } = await client.get('/metrics')
  expect({ status, type: headers.get('content-type') }).toEqual({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
  })
  const lines = (body as string).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [, name = '', value] = /^(.+) (\S+)$/.exec(line) ?? []
      return [name, Number(value)]
    }),
  )
}

/** What an action adds to samples; one that is not there yet counts for zero. */
async function added(names: string[], action: () => Promise<unknown>): Promise<number[]> {
  const before = await samples()
  await action()
  const after = await samples()
  return names.map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0))
}

describe('the metrics', () => {
  it('count answers by route, status and code, and time those accepted, refused and failed apart', async () => {
    const claims = 'method="POST",route="/v1/coupons/{id}/claims"'
    const names = [
      `stampede_http_answers_total{${claims},status="201",code=""}`,
      `stampede_http_answers_total{${claims},status="409",code="sold_out"}`,
      `stampede_http_answers_total{${claims},status="404",code="coupon_not_found"}`,
      `stampede_http_answers_total{${claims},status="401",code="unauthorized"}`,
      `stampede_http_duration_seconds_count{${claims},outcome="accepted"}`,
      `stampede_http_duration_seconds_count{${claims},outcome="refused"}`,
      `stampede_http_duration_seconds_bucket{${claims},outcome="refused",le="+Inf"}`,
    ]
    const coupon = await client.coupon({ totalQuantity: 1 })
    const claim = (id: string, token?: string) =>
      client.post(`/v1/coupons/${id}/claims`, token === undefined ? {} : { token })
    const counts = await added(names, async () => {
      await claim(coupon, client.user('ann'))
      await claim(coupon, client.user('bob'))
      await claim('nothing', client.user('bob'))
      await claim(coupon)
    })
    expect(counts).toEqual([1, 1, 1, 1, 1, 3, 3])
  })

  it('count what a route throws as the answer that follows from it', async () => {
    const failing = client.callWith({
      verify: async () => {
        throw new Unavailable('Redis is gone')
      },
    })
    const verify = 'method="GET",route="/v1/verify"'
    const names = [
      `stampede_http_answers_total{${verify},status="503",code="unavailable"}`,
      `stampede_http_duration_seconds_count{${verify},outcome="failed"}`,
    ]
    const ask = () => failing('GET', '/v1/verify', { token: client.admin })
    expect(await added(names, ask)).toEqual([1, 1])
  })

  it('count a code that comes with two statuses apart', async () => {
    const count = countAnswersOf('GET', '/two')
    const names = [400, 431].map(
      (status) =>
        `stampede_http_answers_total{method="GET",route="/two",status="${status}",code="invalid_request"}`,
    )
    const answers = [400, 431, 431].map((status) => ({
      status,
      code: 'invalid_request',
      tookMs: 1,
    }))
    expect(await added(names, async () => answers.forEach(count))).toEqual([1, 2])
  })

  it('count addresses without a route together, whatever they are', async () => {
    const name =
      'stampede_http_answers_total{method="any",route="none",status="404",code="not_found"}'
    const ask = () => Promise.all(['/nothing', '/v1/nothing'].map((path) => client.get(path)))
    expect(await added([name], ask)).toEqual([2])
  })

  it('count decisions by their status, once per batch', async () => {
    const engine = openEngine({ redis, holdMs: 60_000, onBatch: countBatch })
    const calls = client.callWith({ engine })
    const coupon = await client.coupon({ totalQuantity: 2 })
    const names = [
      'stampede_decisions_total{decision="claim-coupon",status="claimed"}',
      'stampede_decisions_total{decision="claim-coupon",status="sold_out"}',
      'stampede_batch_commands_sum',
      'stampede_batch_duration_seconds_count{outcome="decided"}',
    ]
    const claimAll = () =>
      Promise.all(
        ['cat', 'dan', 'eve'].map((name) =>
          calls('POST', `/v1/coupons/${coupon}/claims`, { token: client.user(name) }),
        ),
      )
    expect(await added(names, claimAll)).toEqual([2, 1, 3, 1])
  })

  it('tell how the stores and the shops are', async () => {
    await ensureShop(databaseOf(orm), client.shop)
    const shop = `shop="${client.shop}"`
    const found = await vi.waitFor(async () => {
      const now = await samples()
      expect(now.has(`stampede_shop_open{${shop}}`)).toBe(true)
      return now
    }, 5_000)
    expect(found.get('stampede_store_up{store="redis"}')).toBe(1)
    expect(found.get('stampede_store_up{store="postgres"}')).toBe(1)
    expect(found.get(`stampede_shop_open{${shop}}`)).toBe(1)
    expect(found.get(`stampede_persisted_events_total{${shop}}`)).toBe(0)
    const waiting = await redis.xlen(shopKey(client.shop, 'outbox'))
    expect(found.get(`stampede_outbox_events{${shop}}`)).toBe(waiting)
    expect(found.get(`stampede_persistence_lag_seconds{${shop}}`)).toBeGreaterThan(0)
  })
})

describe('operators', () => {
  const password = 'a password of sixteen and more'
  const ask = (authorization?: string) =>
    client.callWith({ operators: { password } })('GET', '/metrics', {
      headers: authorization === undefined ? {} : { authorization },
    })

  it('come in with the password, by any name', async () => {
    expect(await ask(basic(password))).toMatchObject({ status: 200 })
    expect(await ask(basic(password, 'prometheus'))).toMatchObject({ status: 200 })
  })

  it.each([
    ['no password', undefined],
    ['another one', basic(`${password}!`)],
    ['an empty one', basic('')],
    ['text that is none', 'Basic !'],
    ["an admin's token", `Bearer ${client.admin}`],
  ])('stay out with %s, and are asked for it', async (_, authorization) => {
    const answer = await ask(authorization)
    expect(answer).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="Stampede", charset="UTF-8"')
  })

  it('are nobody where no password is set beyond this machine', async () => {
    const answer = await client.callWith({ operators: 'nobody' })('GET', '/metrics')
    expect(answer).toMatchObject({ status: 403, code: 'forbidden' })
    expect(answer.body.detail).toContain('OPERATOR_PASSWORD')
  })
})
