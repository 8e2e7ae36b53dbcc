import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { codeDigest, newCode } from '../../src/domain/codes.ts'
import { limits } from '../../src/limits.ts'
import { redisUrl } from '../support/redis.ts'
import { openSale, value } from '../support/sale.ts'
import { type Answer, openClient } from './client.ts'

/** `GUESSES` makes the attack longer. */
const guessesCount = Number(process.env.GUESSES ?? 2_000)

const client = await openClient()
const { shop, redis, user } = client
const hour = 3_600_000

const claim = (userId: string, code: string) =>
  client.call('POST', '/v1/coupons/claims', { token: user(userId), body: { code } })

async function singleUse(sale: typeof client | Awaited<ReturnType<typeof openSale>>, id: string) {
  const [code] = value(await sale.addCodes(id, 1))
  return code as string
}

/** Codes that nobody, or somebody else, or nobody now can claim a coupon by. */
async function badCodes(): Promise<[what: string, code: string][]> {
  const now = Date.now()
  const facts = [
    ['paused', { status: 'PAUSED' }],
    ['ended', { status: 'ENDED' }],
    ['not yet valid', { validFrom: now + hour }],
    ['no more valid', { validUntil: now - hour }],
  ] as const
  const codes: [string, string][] = [
    ['nobody’s', 'NOBODYS'],
    ['of the form of a single-use one', newCode()],
    ['empty', ''],
    ['the sentinel of the hash', '#'],
    ['of a thousand characters', 'x'.repeat(1_000)],
  ]
  for (const [number, [what, more]] of facts.entries()) {
    const id = await client.coupon({ ...more, code: `BAD-${number}` })
    codes.push([`shared, ${what}`, `BAD-${number}`])
    codes.push([`single-use, ${what}`, await singleUse(client, id)])
  }
  const used = await singleUse(client, await client.coupon({}))
  expect((await claim('bob', used)).status).toBe(201)
  codes.push(['single-use, used', used])

  const elsewhere = await openSale(redis, `${shop}-2`)
  const strange = await elsewhere.coupon({ code: 'ELSEWHERE' })
  codes.push(['shared, of another shop', 'ELSEWHERE'])
  codes.push(['single-use, of another shop', await singleUse(elsewhere, strange)])
  return codes
}

/** What a client sees of an answer, without what is another in every one, or counts the seconds. */
function seen({ status, headers, body }: Answer) {
  const { requestId, ...rest } = body
  const { 'x-request-id': _, ratelimit, ...others } = Object.fromEntries(headers)
  expect(ratelimit).toMatch(/^"user-writes";r=\d+;t=\d+$/)
  return { status, headers: others, body: rest, length: JSON.stringify(body).length }
}

const codes = await badCodes()

it('answers every bad code in the same words', async () => {
  const answers = []
  for (const [number, [, code]] of codes.entries()) {
    answers.push(seen(await claim(`prober-${number}`, code)))
  }
  expect(answers[0]).toMatchObject({ status: 404, body: { code: 'code_not_found' } })
  for (const answer of answers) expect(answer).toEqual(answers[0])
})

it('answers everybody who is locked out in the same words, whatever his code', async () => {
  await client.coupon({ code: 'RIGHT' })
  for (let guess = 0; guess <= limits.codeGuessesMax; guess++) await claim('locked', `no-${guess}`)
  const answers = []
  for (const code of ['RIGHT', ...codes.map(([, bad]) => bad)]) {
    const { headers, ...rest } = seen(await claim('locked', code))
    const { 'retry-after': wait, ...others } = headers
    expect(Number(wait)).toBeGreaterThan(limits.codeGuessesSeconds - 60)
    answers.push({ ...rest, headers: others })
  }
  expect(answers[0]).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
  for (const answer of answers) expect(answer).toEqual(answers[0])
})

it('takes the same steps for every bad code, and for every code of who is locked out', async () => {
  const monitor = await new Redis(redisUrl()).monitor()
  const steps: string[] = []
  monitor.on('monitor', (_time: string, args: string[]) => {
    if (args.some((arg) => arg.includes(shop))) steps.push(args[0] as string)
  })

  /** The commands that Redis is sent for a claim, and those of its scripts, by name. */
  async function stepsOf(userId: string, code: string): Promise<string[]> {
    steps.length = 0
    await claim(userId, code)
    await redis.get(`${shop}:end`)
    await expect.poll(() => steps.at(-1)?.toLowerCase(), { interval: 5 }).toBe('get')
    return steps.slice(0, -1).map((name) => name.toLowerCase())
  }
  const ofBad = []
  for (const [number, [, code]] of codes.entries()) {
    ofBad.push(await stepsOf(`walker-${number}`, code))
  }
  // The shop, the shared code, the single-use code, the coupon.
  const reads = ofBad[0]?.filter((name) => name.startsWith('h'))
  expect(reads).toEqual(['hmget', 'hget', 'hget', 'hmget'])
  for (const [number, [what]] of codes.entries()) expect(ofBad[number], what).toEqual(ofBad[0])

  const ofLocked = []
  for (const code of ['RIGHT', ...codes.map(([, bad]) => bad)]) {
    ofLocked.push(await stepsOf('locked', code))
  }
  for (const names of ofLocked) expect(names).toEqual(ofLocked[0])
  expect(ofLocked[0]).not.toContain('hget')
  monitor.disconnect()
})

it('gives nothing for a great many guesses, also those that are nearly right', async () => {
  const id = await client.coupon({ totalQuantity: 10_000 })
  const real = value(await client.addCodes(id, limits.codesPerCommand))
  const issued = () => redis.hget(`{${shop}}:coupons`, `${id}:issued`)
  const perUser = limits.codeGuessesMax
  const statuses = new Map<number, number>()
  for (let first = 0; first < guessesCount; first += perUser) {
    const answers = await Promise.all(
      Array.from({ length: Math.min(perUser, guessesCount - first) }, (_, index) => {
        const number = first + index
        const right = real[number % real.length] as string
        return claim(`guesser-${first}`, number % 2 ? newCode() : nearly(right, number))
      }),
    )
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  expect(Object.fromEntries(statuses)).toEqual({ 404: guessesCount })
  expect(await issued()).toBe('0')
  expect((await claim('owner', real[0] as string)).status).toBe(201)
}, 600_000)

/** The code with another letter in one place. */
function nearly(code: string, number: number): string {
  const places = [...code.matchAll(/[^-]/g)].map(({ index }) => index)
  const at = places[number % places.length] as number
  const other = `${code.slice(0, at)}${code[at] === 'Z' ? 'Y' : 'Z'}${code.slice(at + 1)}`
  expect(codeDigest(shop, other)).not.toBe(codeDigest(shop, code))
  return other
}
