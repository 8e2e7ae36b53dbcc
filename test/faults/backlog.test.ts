import { expect, it, vi } from 'vitest'
import { visitInParallel } from '../../src/demo/parallel.ts'
import { openGate } from '../workers/gate.ts'
import { openPrivateEngine } from './private-engine.ts'

/** Minutes by hand, e.g. `BACKLOG_SECONDS=300`; the figures are printed then. */
const { BACKLOG_SECONDS } = process.env
const atTheBoundMs = Number(BACKLOG_SECONDS ?? 3) * 1_000
const backlogMax = 2_000

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 })

it(
  'refuses new effects exactly at the bound, stays as it is there, and catches up without a trace',
  async () => {
    let gate: Awaited<ReturnType<typeof openGate>> | undefined
    const engine = await openPrivateEngine({
      backlogMax,
      async throughGate(databaseUrl) {
        gate = await openGate(databaseUrl)
        return gate.address
      },
    })
    const { send } = engine
    const optionId = await engine.option({ stock: 1_000_000, price: 0 })
    const body = { items: [{ optionId, quantity: 1 }] }
    const order = (number: number) => send('/v1/orders', `user-${number}`, body)
    await eventually(async () => expect(await engine.backlog()).toBe(0))
    gate?.shut()

    const accepted = new Map<number, unknown>()
    let isFull = false
    let next = 0
    /** Orders of new users by 30 clients until this says so. */
    async function crowd(isOver: () => boolean) {
      const refused: { retryAfter: string | null; code: unknown }[] = []
      function* numbers() {
        while (!isOver()) yield ++next
      }
      await visitInParallel(numbers(), 30, async (number) => {
        const { status, retryAfter, code, body: answer } = await order(number)
        if (status === 201) accepted.set(number, answer)
        else refused.push({ retryAfter, code })
        isFull ||= status === 503
      })
      return refused
    }

    await crowd(() => isFull)
    expect(accepted.size).toBe(backlogMax)
    expect(await engine.backlog()).toBe(backlogMax)
    const full = { rss: process.memoryUsage().rss, redis: await engine.memory('used_memory') }
    const lines = engine.lines.length
    const endsAtMs = performance.now() + atTheBoundMs
    const refused = await crowd(() => performance.now() > endsAtMs)
    const kinds = new Set(refused.map(({ code, retryAfter }) => `${code} ${retryAfter}`))
    expect(kinds).toEqual(new Set(['backlog_full 5']))
    expect(await engine.backlog()).toBe(backlogMax)
    const later = { rss: process.memoryUsage().rss, redis: await engine.memory('used_memory') }
    if (BACKLOG_SECONDS)
      process.stdout.write(`${JSON.stringify({ refused: refused.length, full, later })}\n`)
    expect(later.redis - full.redis).toBeLessThan(2_000_000)
    expect(engine.lines.length - lines).toBeLessThan(10)

    // A repeated request has its answer all the same, and what gives back is not refused for long.
    const [[number, first]] = [...accepted] as [[number, unknown]]
    expect(await order(number)).toMatchObject({ status: 200, body: first })

    gate?.open()
    await eventually(async () => expect(await engine.backlog()).toBe(0))
    expect((await order(++next)).status).toBe(201)
    await eventually(async () => expect(await engine.backlog()).toBe(0))
    expect((await engine.verify()).checks.filter(({ ok }) => !ok)).toEqual([])
    expect((await engine.units(optionId)).sold).toBe(accepted.size + 1)
  },
  120_000 + atTheBoundMs,
)
