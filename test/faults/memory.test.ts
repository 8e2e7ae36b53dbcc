import { expect, it, vi } from 'vitest'
import { visitInParallel } from '../../src/demo/parallel.ts'
import { codeOf } from '../support/sale.ts'
import { openGate } from '../workers/gate.ts'
import { openPrivateEngine, type PrivateEngine } from './private-engine.ts'

/** Of one text: each of the queues may say it. */
const linesMax = 4

const eventually = (check: () => Promise<void>) =>
  vi.waitFor(check, { timeout: 30_000, interval: 50 })

/** Allows Redis so much more than it uses. */
async function leaveRoom({ redis, memory }: PrivateEngine, bytes: number): Promise<void> {
  await redis.config('SET', 'maxmemory', (await memory('used_memory')) + bytes)
}

it('refuses while memory is full, drains all the same, and sells again by itself', async () => {
  let gate: Awaited<ReturnType<typeof openGate>> | undefined
  const engine = await openPrivateEngine({
    async throughGate(databaseUrl) {
      gate = await openGate(databaseUrl)
      return gate.address
    },
  })
  const { send } = engine
  const stock = 1_000_000
  const optionId = await engine.option({ stock, price: 0 })
  const order = (number: number) =>
    send('/v1/orders', `user-${number}`, { items: [{ optionId, quantity: 1 }] })
  expect((await order(0)).status).toBe(201)
  await eventually(async () => expect(await engine.backlog()).toBe(0))

  gate?.shut()
  await leaveRoom(engine, 2_000_000)
  const accepted: { path: string; number: number }[] = []
  const refused: number[] = []
  function* numbers() {
    for (let number = 1; refused.length < 500; number += 1) yield number
  }
  await visitInParallel(numbers(), 30, async (number) => {
    const answer = await order(number)
    if (answer.status === 201)
      return void accepted.push({ path: `/v1/orders/${answer.body.id}`, number })
    expect(answer).toMatchObject({ status: 503, code: 'unavailable', retryAfter: '1' })
    refused.push(number)
  })

  // What is there is readable, and what was refused has left nothing.
  const { path, number } = accepted.at(-1) as (typeof accepted)[number]
  for (const read of [path, '/v1/me/balance', '/v1/products', '/v1/products/popular']) {
    expect(await send(read, `user-${number}`), read).toMatchObject({ status: 200 })
  }
  const sold = 1 + accepted.length
  expect(await engine.units(optionId)).toEqual({ free: stock - sold, held: 0, sold })
  const orders = (await engine.events()).filter(({ type }) => type === 'order_placed')
  expect(orders).toHaveLength(accepted.length)
  const buyers = new Set(orders.map(({ data }) => data.userId))
  expect(refused.filter((refusedNumber) => buyers.has(`user-${refusedNumber}`))).toEqual([])

  gate?.open()
  await eventually(async () => expect((await order(refused[0] as number)).status).toBe(201))
  await eventually(async () => expect(await engine.backlog()).toBe(0))
  expect((await engine.verify()).checks.filter(({ ok }) => !ok)).toEqual([])

  // The schedules of the upkeep are alive.
  const lapsed = await engine.order('late', { [await engine.option()]: 1 })
  if (!lapsed.ok) throw new Error(lapsed.code)
  await engine.lapse(lapsed.value.id)
  await eventually(async () => {
    expect(await send(`/v1/orders/${lapsed.value.id}`, 'late')).toMatchObject({
      body: { status: 'EXPIRED' },
    })
  })
  // An outage is said once, not once per attempt.
  const perText = [...Map.groupBy(engine.lines, ({ msg }) => msg).values()]
  expect(Math.max(...perText.map((lines) => lines.length))).toBeLessThanOrEqual(linesMax)
}, 90_000)

it('completes a batch that passes the limit in its middle', async () => {
  const engine = await openPrivateEngine()
  const { options } = await engine.product(
    Array.from({ length: 50 }, () => ({ stock: 1_000, price: 0 })),
    { description: 'd'.repeat(2_000) },
  )
  const lines = Object.fromEntries(options.map(({ id }) => [id, 1]))
  const users = Array.from({ length: 30 }, (_, number) => `user-${number}`)
  let passed = 0
  for (let room = 0; passed < 3; room += 20_000) {
    const before = await engine.units(options[0]?.id as string)
    await leaveRoom(engine, room)
    const outcomes = await Promise.all(
      users.map((user) => engine.order(user, lines).then(codeOf, (error: Error) => error.name)),
    )
    const used = await engine.memory('used_memory')
    const isFull = used > (await engine.memory('maxmemory'))
    await engine.redis.config('SET', 'maxmemory', 0)
    const after = await engine.units(options[49]?.id as string)
    const sold = after.sold - before.sold
    expect(new Set(outcomes).size, String(outcomes)).toBe(1)
    expect(sold).toBe(outcomes[0] === 'ok' ? users.length : 0)
    if (sold > 0 && isFull) passed += 1
    // The drain of an earlier batch may have made room since.
    expect(room, 'bytes that were enough for the whole batch').toBeLessThan(2_000_000)
  }
  await eventually(async () => expect(await engine.backlog()).toBe(0))
  expect((await engine.verify()).checks.filter(({ ok }) => !ok)).toEqual([])
}, 60_000)
