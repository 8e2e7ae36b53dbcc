import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createSigner } from 'fast-jwt'
import { afterAll } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { openApiOrm } from '../../src/db/orm.ts'
import { createApp } from '../../src/http/app.ts'
import type { Dependencies } from '../../src/http/dependencies.ts'
import { openFeed } from '../../src/live/feed.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { registry } from '../../src/telemetry/registry.ts'
import { createDatabase } from '../support/postgres.ts'
import { connect, redisUrl, uniqueShop } from '../support/redis.ts'
import { openSale, type SaleOptions } from '../support/sale.ts'

export const secret = 'a secret of the tests with 32 characters'

/** The configuration of the tests' application. */
export const httpConfig = loadConfig({ JWT_SECRET: secret })

const sign = createSigner({ key: secret })

/** A token of the tests' secret, valid for an hour. */
export function tokenOf(sub: string, claims: Record<string, unknown> = {}): string {
  return sign({ sub, exp: Math.floor(Date.now() / 1_000) + 3_600, ...claims })
}

export type Call = {
  token?: string | undefined
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown
  key?: string | undefined
  headers?: Record<string, string>
}

/** What came back. `body` is parsed JSON, or the text of another type. */
export type Answer = {
  status: number
  code: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: the tests check the bodies that the routes answer.
  body: any
  headers: Headers
}

/**
 * The application over a shop of its own and an empty database, with no worker running, and short ways to call it.
 * Call it at the top of a test file.
 */
export async function openClient(
  overrides: Partial<Dependencies> = {},
  saleOptions: SaleOptions = {},
) {
  const redis = await connect()
  const databaseUrl = await createDatabase()
  const orm = openApiOrm(databaseUrl)
  afterAll(() => orm.close())
  const shop = uniqueShop()
  const sale = await openSale(redis, shop, saleOptions)
  const feed = openFeed({
    redis,
    orm,
    openSubscriber: () => connectRedis(redisUrl(), { name: 'test-feed' }),
  })
  afterAll(feed.close)
  /** What was logged as an error. */
  const errors: unknown[] = []
  const dependencies: Dependencies = {
    engine: sale.engine,
    redis,
    orm,
    config: httpConfig,
    log: { error: (...details: unknown[]) => errors.push(details), debug: () => {} },
    verify: async () => ({ ok: true, checks: [], backlog: 0, dropped: 0, epoch: 1 }),
    metrics: () => registry.metrics(),
    queues: [],
    operators: 'everybody',
    feed,
    runStorm: async () => ({ report: null, failure: 'no test runs it' }),
    readiness: async () => ({ ok: true, checks: [] }),
    ...overrides,
  }
  const app = createApp(dependencies)
  const user = (id: string) => tokenOf(id, { shop })
  const admin = tokenOf('operator', { shop, role: 'admin' })
  const call = callsOf(app)
  let keys = 0

  return {
    ...sale,
    app,
    databaseUrl,
    dependencies,
    errors,
    user,
    admin,
    call,
    /** The same application with some other dependencies. */
    callWith: (others: Partial<Dependencies>) => callsOf(createApp({ ...dependencies, ...others })),
    get: (path: string, token?: string) => call('GET', path, { token }),
    post: (path: string, request: Call) => call('POST', path, request),
    /** Places an order with a key of its own. */
    placeOrder: (userId: string, body: unknown, key = `order-${++keys}`) =>
      call('POST', '/v1/orders', { token: user(userId), key, body }),
    /** Adds to a user's balance. */
    credit: (userId: string, amount: number) =>
      call('POST', `/v1/users/${userId}/charges`, {
        token: admin,
        key: `charge-${++keys}`,
        body: { amount },
      }),
  }
}

/** Serves the application on a port of this machine until the tests of the file are over. */
export async function listen(app: ReturnType<typeof createApp>): Promise<number> {
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
  await once(server, 'listening')
  afterAll(() => server.close())
  return (server.address() as AddressInfo).port
}

function callsOf(app: ReturnType<typeof createApp>) {
  return async (method: string, path: string, request: Call = {}): Promise<Answer> => {
    const { token, key, body } = request
    const response = await app.request(path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const isJson = /json$/.test(response.headers.get('content-type') ?? '')
    const answer: Answer['body'] = isJson ? await response.json() : await response.text()
    return { status: response.status, code: answer.code, body: answer, headers: response.headers }
  }
}
