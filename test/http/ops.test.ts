import { describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { limits } from '../../src/limits.ts'
import { httpConfig, listen, openClient } from './client.ts'

const client = await openClient()
const password = 'a password of sixteen and more'
const authorization = `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`
const origin = `http://127.0.0.1:${await listen(client.app)}`

/** Reads the events of a feed until one is of this name. */
async function firstEvent(address: string, name: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(address, { signal })
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  let text = ''
  for await (const part of answer.body as ReadableStream<Uint8Array>) {
    text += Buffer.from(part).toString()
    const found = new RegExp(`event: ${name}\ndata: (.+)\n\n`).exec(text)?.[1]
    if (found !== undefined) return found
  }
  throw new Error(`it ended without a ${name}`)
}

describe('the session of the live page', () => {
  it('has a token of an admin of the shop that it names, and of no other', async () => {
    const { status, body } = await client.get(`/ops/session?shop=${client.shop}`)
    expect(status).toBe(200)
    const made = { token: body.token, body: { name: 'Cap', options: [{ price: 5, stock: 3 }] } }
    const { id } = (await client.post('/v1/products', made)).body
    expect((await client.get(`/v1/products/${id}`, client.admin)).status).toBe(200)
    const main = await client.get('/ops/session')
    expect((await client.get(`/v1/products/${id}`, main.body.token)).status).not.toBe(200)
  })

  it('refuses what is no shop', async () => {
    expect(await client.get('/ops/session?shop=a:b')).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
  })

  it('has no token where this engine signs none', async () => {
    const call = client.callWith({
      config: { ...client.dependencies.config, JWT_SECRET: undefined },
    })
    expect((await call('GET', '/ops/session')).body.token).toBeNull()
  })
})

describe('what is for operators', () => {
  const paths = ['/ops', '/ops/page.js', '/ops/page.css', '/ops/session', '/ops/feed']

  it.each(paths)('%s takes the password', async (path) => {
    const call = client.callWith({ operators: { password } })
    expect((await call('GET', path)).status).toBe(401)
    const headers = { authorization: `Basic ${btoa('operator:another password than that')}` }
    expect((await call('GET', path, { headers })).status).toBe(401)
    if (path === '/ops/feed') return // It does not end; another test reads it.
    expect((await call('GET', path, { headers: { authorization } })).status).toBe(200)
  })

  it.each(paths)('%s is for nobody where there is no password', async (path) => {
    const call = client.callWith({ operators: 'nobody' })
    expect(await call('GET', path)).toMatchObject({ status: 403, code: 'forbidden' })
  })

  it.each([...paths, '/metrics'])(
    '%s is not for a page of somebody else whose name leads here',
    async (path) => {
      const answer = await client.call('GET', `http://evil.example${path}`)
      expect(answer).toMatchObject({ status: 403, code: 'forbidden' })
    },
  )
})

describe('the storm', () => {
  const storm = { report: null, failure: 'nothing to buy' }

  it('is for admins with a token, which no other page has', async () => {
    const runStorm = vi.fn(async () => storm)
    const call = client.callWith({ runStorm })
    expect((await call('GET', '/ops/session')).body.hasStorm).toBe(true)
    expect((await call('POST', '/ops/storm', { headers: { authorization } })).status).toBe(401)
    expect((await call('POST', '/ops/storm', { token: client.user('ann') })).status).toBe(403)
    expect(runStorm).not.toHaveBeenCalled()
    const answer = await call('POST', '/ops/storm', { token: client.admin })
    expect(answer).toMatchObject({ status: 200, body: storm })
  })

  it.each([
    ['where operators have a password', { operators: { password } }],
    ['where nobody is an operator', { operators: 'nobody' as const }],
    ['where no demo shop is wanted', { config: { ...httpConfig, SEED_DEMO: false } }],
  ])('is not there %s', async (_, others) => {
    const runStorm = vi.fn(async () => storm)
    const call = client.callWith({ ...others, runStorm })
    const session = await call('GET', '/ops/session', { headers: { authorization } })
    expect(session.body.hasStorm).not.toBe(true)
    const answer = await call('POST', '/ops/storm', { token: client.admin })
    expect(answer).toMatchObject({ status: 403, code: 'forbidden' })
    expect(runStorm).not.toHaveBeenCalled()
  })
})

describe('the feed', () => {
  it('tells each second how the shop is, and notices that a viewer has gone', async () => {
    const watch = vi.spyOn(client.dependencies.feed, 'watch')
    const leave = new AbortController()
    const address = `${origin}/ops/feed?shop=${client.shop}`
    const moment = JSON.parse(await firstEvent(address, 'moment', leave.signal))
    expect(moment).toMatchObject({ name: 'moment', moment: { state: { isOpen: true } } })
    const stop = vi.spyOn(watch.mock.results[0]?.value, 'stop')
    leave.abort()
    await vi.waitFor(() => expect(stop).toHaveBeenCalled(), { timeout: 10_000 })
    watch.mockRestore()
  })

  it('tells of the last proof of the books', async () => {
    const { body } = await client.get('/v1/verify', client.admin)
    const leave = new AbortController()
    const address = `${origin}/ops/feed?shop=${client.shop}`
    const { proof } = JSON.parse(await firstEvent(address, 'proof', leave.signal))
    expect(proof.report).toEqual(body)
    expect(Math.abs(Date.now() - proof.atMs)).toBeLessThan(60_000)
    leave.abort()
  })

  it('is told of every problem, with the shop where that is known', async () => {
    const verify = async () => Promise.reject(new Error('a bug'))
    const app = createApp({ ...client.dependencies, verify })
    const countProblem = vi.fn()
    const ask = (path: string, token?: string) =>
      app.request(path, token ? { headers: { authorization: `Bearer ${token}` } } : {}, {
        countProblem,
      })
    await ask('/v1/me', client.user('ann'))
    await ask('/v1/me', 'nobody')
    await ask('/v1/orders/none', client.user('ann'))
    await ask('/v1/verify', client.admin)
    expect(countProblem.mock.calls).toEqual([
      [undefined, { status: 401, code: 'unauthorized' }],
      [client.shop, { status: 404, code: 'order_not_found' }],
      [client.shop, { status: 500, code: 'internal' }],
    ])
  })

  it('refuses one viewer more than may watch', async () => {
    const { feed } = client.dependencies
    const viewers = Array.from({ length: limits.liveViewersMax }, () =>
      feed.watch(
        client.shop,
        () => {},
        () => {},
      ),
    )
    const answer = await client.get(`/ops/feed?shop=${client.shop}`)
    expect(answer).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    for (const viewer of viewers) viewer?.stop()
  })
})
