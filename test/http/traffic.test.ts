import { describe, expect, it, vi } from 'vitest'
import type { Dependencies } from '../../src/http/dependencies.ts'
import { limits } from '../../src/limits.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { httpConfig, openClient, tokenOf } from './client.ts'

const client = await openClient()
const { shop } = client
let senders = 0
const newUser = () => `sender-${++senders}`
const newAddress = () => `8.8.4.${++senders}`

/** The application with other limits than the default ones. */
const limitedTo = (config: Partial<Dependencies['config']>, others: Partial<Dependencies> = {}) =>
  client.callWith({ config: { ...httpConfig, ...config }, ...others })

type Send = ReturnType<typeof limitedTo>
const look = (send: Send, userId: string) =>
  send('GET', '/v1/me/coupons', { token: client.user(userId) })
const write = (send: Send, userId: string) =>
  send('POST', '/v1/coupons/nothing/claims', { token: client.user(userId) })
const lookFrom = (send: Send, forwarded: string) =>
  send('GET', '/v1/products', { headers: { 'x-forwarded-for': forwarded, 'x-shop': shop } })

describe('requests of one user', () => {
  it('are refused beyond the limit, with the time when the next may come', async () => {
    const send = limitedTo({ REQUESTS_PER_USER: 3 })
    const userId = newUser()
    const answers = []
    for (let number = 0; number < 5; number++) answers.push(await write(send, userId))
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 429, 429])
    expect(answers.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual(
      Array(5).fill('"user-writes";q=3;w=60'),
    )
    const left = answers.map(({ headers }) =>
      /r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? ''),
    )
    expect(left.map((match) => match?.[1])).toEqual(['2', '1', '0', '0', '0'])
    const refused = answers[4]
    expect(refused?.code).toBe('rate_limited')
    expect(refused?.headers.get('retry-after')).toBe(left[4]?.[2])
    expect(Number(left[4]?.[2])).toBeLessThanOrEqual(limits.requestWindowSeconds)
  })

  it('are counted apart for reads and writes, and from those of others', async () => {
    const send = limitedTo({ REQUESTS_PER_USER: 1 })
    const userId = newUser()
    expect((await write(send, userId)).status).toBe(404)
    expect((await write(send, userId)).status).toBe(429)
    expect((await look(send, userId)).status).toBe(200)
    expect((await write(send, newUser())).status).toBe(404)
    const elsewhere = tokenOf(userId, { shop: `${shop}-2` })
    expect((await send('POST', '/v1/coupons/x/claims', { token: elsewhere })).status).not.toBe(429)
  })

  it('may come again in the next window', async () => {
    const send = limitedTo({ REQUESTS_PER_USER: 1 })
    const userId = newUser()
    await write(send, userId)
    expect((await write(send, userId)).status).toBe(429)
    const later = Date.now() + limits.requestWindowSeconds * 1_000
    vi.spyOn(Date, 'now').mockReturnValue(later)
    expect((await write(send, userId)).status).toBe(404)
    vi.restoreAllMocks()
  })

  it('are not those of admins, who act for the shop', async () => {
    const send = limitedTo({ REQUESTS_PER_USER: 1 })
    for (let number = 0; number < 3; number++) {
      expect((await send('GET', '/v1/users/x', { token: client.admin })).status).toBe(404)
    }
  })
})

describe('requests of one address', () => {
  const send = limitedTo({ REQUESTS_PER_ADDRESS: 2, TRUSTED_PROXIES: 1 })

  it('are refused before anybody looks at their token', async () => {
    const headers = { 'x-forwarded-for': newAddress() }
    const guess = () => send('GET', '/v1/me', { token: 'not.a.token', headers })
    expect((await guess()).status).toBe(401)
    expect((await guess()).status).toBe(401)
    expect((await guess()).status).toBe(429)
  })

  it('are those that the trusted proxy names, whatever the client says before', async () => {
    const address = newAddress()
    const statuses = []
    for (const claimed of ['1.1.1.1', '1.1.1.2', '1.1.1.3']) {
      statuses.push((await lookFrom(send, `${claimed}, ${address}`)).status)
    }
    expect(statuses).toEqual([200, 200, 429])
    expect((await lookFrom(send, newAddress())).status).toBe(200)
  })

  it('are those of a whole network of IPv6', async () => {
    const network = `2600:${(++senders).toString(16)}:0:1`
    expect((await lookFrom(send, `${network}::1`)).status).toBe(200)
    expect((await lookFrom(send, `${network}:a:b:c:d`)).status).toBe(200)
    expect((await lookFrom(send, `${network}:ffff::`)).status).toBe(429)
  })

  it('are not counted where an address is no public one, or none', async () => {
    for (const forwarded of ['127.0.0.1', '::1', '10.1.2.3', '::ffff:192.168.0.1', 'unknown', '']) {
      for (let number = 0; number < 4; number++) {
        expect((await lookFrom(send, forwarded)).status).toBe(200)
      }
    }
  })

  it('are nobody’s where no proxy is trusted: anybody can send the header', async () => {
    const untrusting = limitedTo({ REQUESTS_PER_ADDRESS: 1 })
    const address = newAddress()
    for (let number = 0; number < 3; number++) {
      expect((await lookFrom(untrusting, address)).status).toBe(200)
    }
  })
})

describe('several processes', () => {
  const max = 40
  const share = max * limits.requestsUntoldShare

  it('count together, but for a share of each', async () => {
    const processes = [1, 2, 3].map(() => limitedTo({ REQUESTS_PER_USER: max }))
    const userId = newUser()
    let accepted = 0
    for (let number = 0; number < max; number++) {
      for (const send of processes) {
        if ((await write(send, userId)).status === 404) accepted++
      }
    }
    expect(accepted).toBeGreaterThanOrEqual(max)
    expect(accepted).toBeLessThanOrEqual(max + processes.length * share)
  })

  it('count each by itself where Redis does not answer', async () => {
    const redis = connectRedis('redis://127.0.0.1:1', { name: 'nowhere' })
    redis.on('error', () => {})
    const send = limitedTo({ REQUESTS_PER_USER: max }, { redis })
    const userId = newUser()
    const statuses = []
    for (let number = 0; number <= max; number++) statuses.push((await write(send, userId)).status)
    expect(statuses.slice(0, max)).not.toContain(429)
    expect(statuses[max]).toBe(429)
    redis.disconnect()
  })
})

it('asks Redis nothing for a sender below a share of what he may', async () => {
  const send = limitedTo({})
  const calls = vi.spyOn(client.redis, 'rlflxIncr' as never)
  const userId = newUser()
  const silent = Math.ceil(httpConfig.REQUESTS_PER_USER * limits.requestsUntoldShare) - 1
  for (let number = 0; number < silent; number++) await write(send, userId)
  expect(calls).not.toHaveBeenCalled()
  await write(send, userId)
  expect(calls).toHaveBeenCalledOnce()
})

it('is off where the configuration says so', async () => {
  const send = limitedTo({ RATE_LIMIT: false, REQUESTS_PER_USER: 1 })
  const userId = newUser()
  for (let number = 0; number < 3; number++) {
    const answer = await write(send, userId)
    expect(answer.status).toBe(404)
    expect(answer.headers.has('ratelimit')).toBe(false)
  }
})
