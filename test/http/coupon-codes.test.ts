import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { openEngine } from '../../src/engine/engine.ts'
import { createApp } from '../../src/http/app.ts'
import { limits } from '../../src/limits.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { redisUrl } from '../support/redis.ts'
import { listen, openClient } from './client.ts'
import { openStallingProxy } from './stalling-proxy.ts'

const client = await openClient()
const { admin, user, post } = client
const outbox = shopKey(client.shop, 'outbox')

/** A worker that drains what is accepted, once the gate is open. */
let gate = Promise.resolve()
let underway: Promise<unknown> | undefined
async function work() {
  await gate
  while ((await client.redis.xlen(outbox)) > 0) {
    await drainOutbox({ ...client.dependencies, shop: client.shop })
  }
  underway = undefined
}
const engine = client.engineWith({
  onAccepted: () => {
    underway ??= work()
  },
})
afterAll(() => underway)
const app = createApp({ ...client.dependencies, engine })
const call = client.callWith({ engine })
const port = await listen(app)

/** Asks for codes over a real connection; resolves when the answer begins. */
async function askForCodes(couponId: string, count: number, at = port): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }
  const path = `/v1/coupons/${couponId}/codes`
  const outgoing = request({ port: at, path, method: 'POST', headers })
  outgoing.end(JSON.stringify({ count }))
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}

/** The parts of an answer with as many codes as there may be, to read one by one. */
async function openCodes() {
  const response = await app.request(`/v1/coupons/${await client.coupon()}/codes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ count: limits.codesMax }),
  })
  return (response.body as ReadableStream<Uint8Array>).getReader()
}

const claim = (code: string, userId: string) =>
  post('/v1/coupons/claims', { token: user(userId), body: { code } })

/** Codes of the shop, claimed or not. */
const storedCodes = () => client.redis.hlen(shopKey(client.shop, 'uniqueCodes'))

/** Makes other codes, which takes some turns of the engine; returns how many came into being besides them. */
async function codesMadeMeanwhile(): Promise<number> {
  const others = 2 * limits.codesAheadMax
  const before = await storedCodes()
  await text(await askForCodes(await client.coupon(), others))
  return (await storedCodes()) - before - others
}

/** How many times codes came into being besides others, until three times none did. */
async function roundsUntilQuiet(): Promise<number> {
  let rounds = 0
  for (let quiet = 0; quiet < 3; rounds++) quiet = (await codesMadeMeanwhile()) > 0 ? 0 : quiet + 1
  return rounds
}

describe('POST /v1/coupons/{id}/codes', () => {
  it('streams as many codes as asked for, all different, as a file', async () => {
    const count = 3 * limits.codesPerCommand + 1
    const coupon = await client.coupon()
    const response = await askForCodes(coupon, count)
    expect(response.statusCode).toBe(201)
    expect(response.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="codes-${coupon}.csv"`,
      'cache-control': 'no-store',
    })
    const [header, ...lines] = (await text(response)).split('\n')
    expect(header).toBe('code')
    expect(lines.pop()).toBe('')
    expect(new Set(lines).size).toBe(count)
    for (const line of lines) expect(line).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-?\b){4}$/)
  })

  it('makes codes that are claimed once, however they are written', async () => {
    const coupon = await client.coupon({ codeRequired: true })
    const { body } = await post(`/v1/coupons/${coupon}/codes`, { token: admin, body: { count: 2 } })
    const [, code, other] = body.split('\n')
    const first = await claim(` ${code.toLowerCase().replaceAll('-', ' ')} `, 'alice')
    expect(first).toMatchObject({ status: 201, body: { couponId: coupon, rank: 1 } })
    expect(await claim(code, 'alice')).toMatchObject({ status: 200, body: first.body })
    expect(await claim(code, 'bob')).toMatchObject({ status: 404, code: 'code_not_found' })
    expect(await claim(other, 'bob')).toMatchObject({ status: 201, body: { rank: 2 } })
    expect(await post(`/v1/coupons/${coupon}/claims`, { token: user('carol') })).toMatchObject({
      status: 409,
      code: 'code_required',
    })
  })

  it('makes no more codes than the client takes', async () => {
    const codes = await openCodes()
    for (let part = 0; part < 3; part++) await codes.read()
    expect(await roundsUntilQuiet()).toBeLessThan(6)
    await codes.cancel()
  })

  it('waits for Postgres before it makes more', async () => {
    await underway
    const { promise, resolve: open } = Promise.withResolvers<void>()
    gate = promise
    const codes = await openCodes()
    const parts = limits.codesAheadMax / limits.codesPerCommand
    for (let part = 0; part < parts; part++) await codes.read()
    let isMade = false
    const next = codes.read().then(() => {
      isMade = true
    })
    // Were the next codes on their way, they would be there before this claim, which the engine took later.
    const body = { code: 'none' }
    const claim = { token: user('alice'), body }
    expect((await call('POST', '/v1/coupons/claims', claim)).status).toBe(404)
    expect(isMade).toBe(false)
    open()
    await next
    await codes.cancel()
  })

  it('ends when the client goes away', async () => {
    const response = await askForCodes(await client.coupon(), limits.codesMax)
    await once(response, 'data')
    response.destroy()
    // The command that was under way is the last.
    expect(await roundsUntilQuiet()).toBeLessThan(6)
  })

  it('cuts the connection when Redis goes away; what was answered by then works', async () => {
    const proxy = await openStallingProxy(redisUrl())
    const redis = connectRedis(proxy.address, { name: 'stalling' })
    redis.on('error', () => {})
    await redis.connect()
    afterAll(() => redis.disconnect())
    const stalling = openEngine({ redis, holdMs: 1_000 })
    const failing = createApp({ ...client.dependencies, redis, engine: stalling })

    const response = await askForCodes(
      await client.coupon(),
      limits.codesMax,
      await listen(failing),
    )
    let received = ''
    const reading = (async () => {
      for await (const part of response) {
        received += part
        proxy.stall()
      }
    })()
    await expect(reading).rejects.toThrow('aborted')
    const lines = received.split('\n').slice(1, -1)
    expect(lines.length).toBeLessThan(limits.codesMax)
    expect((await claim(lines.at(-1) as string, 'dora')).status).toBe(201)
    expect(client.errors).toEqual([])
  })

  it('refuses with a problem while nothing is sent yet', async () => {
    const codes = (coupon: string, call = client.call) =>
      call('POST', `/v1/coupons/${coupon}/codes`, { token: admin, body: { count: 1 } })
    expect(await codes('nothing')).toMatchObject({ status: 404, code: 'coupon_not_found' })
    const full = client.callWith({ engine: client.engineWith({ backlogMax: 1 }) })
    expect(await codes(await client.coupon(), full)).toMatchObject({ code: 'backlog_full' })
  })
})
