import { expect, it, onTestFinished, vi } from 'vitest'
import { openCodeGuesses } from '../../src/http/code-guesses.ts'
import { limits } from '../../src/limits.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { user, post } = client
const claim = (userId: string, code: string, send = client.call) =>
  send('POST', '/v1/coupons/claims', { token: user(userId), body: { code } })
const guessAtOnce = (userId: string, count: number, send = client.call) =>
  Promise.all(Array.from({ length: count }, (_, number) => claim(userId, `guess-${number}`, send)))

it('lets a user mistype, and makes him wait when he guesses, also many times at once', async () => {
  await client.coupon({ code: 'SECRET' })
  const answers = await guessAtOnce('eve', 10 * limits.codeGuessesMax)
  const codes = Map.groupBy(answers, ({ code }) => code)
  expect(codes.get('code_not_found')).toHaveLength(limits.codeGuessesMax)
  const refused = codes.get('rate_limited') ?? []
  expect(refused).toHaveLength(9 * limits.codeGuessesMax)
  for (const { status, headers } of refused) {
    expect(status).toBe(429)
    const waitSeconds = Number(headers.get('retry-after'))
    expect(waitSeconds).toBeGreaterThan(0)
    expect(waitSeconds).toBeLessThanOrEqual(limits.codeGuessesSeconds)
  }
})

it('tells who has to wait nothing of a code that exists, and keeps nobody else waiting', async () => {
  const id = await client.coupon({ code: 'KNOWN', totalQuantity: 5 })
  await guessAtOnce('mallory', limits.codeGuessesMax)
  const known = await claim('mallory', 'KNOWN')
  const unknown = await claim('mallory', 'UNKNOWN')
  const { requestId: _, ...body } = known.body
  expect(known.status).toBe(429)
  expect(unknown.body).toMatchObject(body)
  expect((await claim('alice', 'KNOWN')).status).toBe(201)
  expect((await post(`/v1/coupons/${id}/claims`, { token: user('mallory') })).status).toBe(201)
})

it('does not count codes that are right', async () => {
  await client.coupon({ code: 'OPEN', perUserLimit: 1 })
  const statuses = new Set<number>()
  for (let attempt = 0; attempt < 2 * limits.codeGuessesMax; attempt++) {
    statuses.add((await claim('bob', 'OPEN')).status)
  }
  expect(statuses).toEqual(new Set([201, 200]))
  expect((await claim('bob', 'WRONG')).code).toBe('code_not_found')
})

it('gives nothing back to the next count: whoever has a right code would guess more by it', async () => {
  const { redis, shop } = client
  const guesser = { shop, userId: 'oscar', address: null }
  const key = `guesses:user:${shop}:oscar`
  const guesses = openCodeGuesses(redis)
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const begin = async () => {
    const attempt = await guesses.begin(guesser)
    if (attempt.waitSeconds !== null) throw new Error('locked out')
    return attempt
  }
  const [early, late] = [await begin(), await begin()]
  await early.succeed()
  expect(await redis.get(key)).toBe('1')
  vi.advanceTimersByTime(limits.codeGuessesSeconds * 1_000)
  await redis.del(key)
  await late.succeed()
  expect(await redis.get(key)).toBeNull()
})

it('keeps who comes back to guess waiting twice as long each time, up to a day', async () => {
  const { redis } = client
  const key = `guesses:user:${client.shop}:trudy`
  const waits: number[] = []
  for (let round = 0; round < 9; round++) {
    const answers = await guessAtOnce('trudy', limits.codeGuessesMax + 1)
    const refused = answers.find(({ status }) => status === 429)
    waits.push(Number(refused?.headers.get('retry-after')))
    expect(await redis.ttl(key)).toBeGreaterThan((waits[round] as number) - 5)
    // As if he had waited.
    await redis.del(key)
  }
  expect(waits).toEqual([600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, 86400])
})

it('counts the guesses from one address together, whoever makes them', async () => {
  const config = { ...client.dependencies.config, TRUSTED_PROXIES: 1 }
  const send = client.callWith({ config })
  const guessFrom = (address: string, number: number) =>
    send('POST', '/v1/coupons/claims', {
      token: user(`puppet-${number}`),
      body: { code: `puppet-${number}` },
      headers: { 'x-forwarded-for': address },
    })
  const answers = await Promise.all(
    Array.from({ length: limits.codeGuessesPerAddressMax + 10 }, (_, number) =>
      guessFrom('8.8.8.9', number),
    ),
  )
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(10)
  expect((await guessFrom('8.8.8.10', 0)).code).toBe('code_not_found')
})

it('is off where the configuration says so', async () => {
  const { config } = client.dependencies
  const unlimited = client.callWith({ config: { ...config, RATE_LIMIT: false } })
  const answers = await guessAtOnce('load-tester', 2 * limits.codeGuessesMax, unlimited)
  expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['code_not_found']))
})
