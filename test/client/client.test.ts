import { openClient as openTypedClient, outcomeOf } from 'stampede/client'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { Fetch } from '../../src/client/retrying-fetch.ts'
import { openClient } from '../http/client.ts'

const world = await openClient()

/** The way to the application, where `spoil` may take an answer away or give another one. */
function wayTo(spoil: (answer: () => Promise<Response>, attempt: number) => Promise<Response>) {
  const sent: { path: string; key: string | null }[] = []
  const fetch: Fetch = (input, init) => {
    const { pathname } = new URL(input)
    sent.push({ path: pathname, key: new Headers(init?.headers).get('idempotency-key') })
    return spoil(async () => world.app.request(pathname, init), sent.length)
  }
  return { fetch, sent }
}

const clientOf = (fetch: Fetch, token: string, timeoutMs = 10_000) =>
  openTypedClient('http://engine', { fetch, token, timeoutMs })

const unavailable = (headers: Record<string, string> = {}) =>
  Response.json({ code: 'unavailable' }, { status: 503, headers })

const badGateway = (status: number) =>
  new Response('<h1>Bad gateway</h1>', { status, headers: { 'content-type': 'text/html' } })

/** The answer, of which the connection takes the end along. */
function cutOff({ status, headers }: Response): Response {
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('{"id":'))
      controller.error(new TypeError('terminated'))
    },
  })
  return new Response(body, { status, headers })
}

describe('the client', () => {
  it('knows what a route answers, and takes a refusal for an answer', async () => {
    const { fetch } = wayTo((answer) => answer())
    const client = clientOf(fetch, world.user('ann'))
    const optionId = await world.option({ price: 70, stock: 1 })
    const json = { items: [{ optionId, quantity: 1 }] }
    const placed = await outcomeOf(client.v1.orders.$post({ json }))
    if (!placed.ok) throw new Error(placed.problem.code)
    expectTypeOf(placed.body.finalAmount).toEqualTypeOf<number>()
    expect(placed).toMatchObject({ status: 201, replayed: false, body: { finalAmount: 70 } })
    const refused = await outcomeOf(client.v1.orders.$post({ json }))
    expect(refused).toMatchObject({ ok: false, status: 409, problem: { code: 'held' } })
  })

  it('orders once where the answer got lost on its way', async () => {
    const { fetch, sent } = wayTo(async (answer, attempt) => {
      const given = await answer()
      if (attempt < 3) throw new TypeError('the connection broke')
      return given
    })
    const optionId = await world.option({ stock: 5 })
    const order = { json: { items: [{ optionId, quantity: 1 }] } }
    const outcome = await outcomeOf(clientOf(fetch, world.user('bob')).v1.orders.$post(order))
    expect(outcome).toMatchObject({ ok: true, status: 200, replayed: true })
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1)
    expect(sent).toHaveLength(3)
    expect(await world.units(optionId)).toEqual({ free: 4, held: 1, sold: 0 })
  })

  it('waits as long as it is told, and keeps the key that it was given', async () => {
    const { fetch, sent } = wayTo((answer, attempt) =>
      attempt < 3 ? Promise.resolve(unavailable({ 'retry-after': '0' })) : answer(),
    )
    const client = clientOf(fetch, world.admin)
    const id = 'carl'
    const headers = { 'idempotency-key': 'mine' }
    const charge = () =>
      client.v1.users[':id'].charges.$post({ param: { id }, json: { amount: 5 } }, { headers })
    expect(await outcomeOf(charge())).toMatchObject({ ok: true, body: { afterAmount: 5 } })
    expect(sent.map(({ key }) => key)).toEqual(['mine', 'mine', 'mine'])
    expect(await outcomeOf(charge())).toMatchObject({ ok: true, replayed: true })
  })

  it('does not ask a second time for what would be made twice', async () => {
    const { fetch, sent } = wayTo(async (answer) => {
      await answer()
      throw new TypeError('the connection broke')
    })
    const json = { name: 'Socks', options: [{ price: 5, stock: 3 }] }
    const call = clientOf(fetch, world.admin).v1.products.$post({ json })
    await expect(outcomeOf(call)).rejects.toThrow('the connection broke')
    expect(sent).toHaveLength(1)
  })

  it('gives the last answer when the next attempt would be too late', async () => {
    const { fetch, sent } = wayTo(async () => unavailable({ 'retry-after': '60' }))
    const outcome = await outcomeOf(clientOf(fetch, world.user('dan')).v1.me.$get())
    expect(outcome).toMatchObject({ ok: false, status: 503, problem: { code: 'unavailable' } })
    expect(sent).toHaveLength(1)
  })

  it('gives up in time on an engine that never answers', async () => {
    const { fetch } = wayTo(() => new Promise(() => {}))
    const hanging: Fetch = (input, init) =>
      Promise.race([
        fetch(input, init),
        new Promise<never>((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        }),
      ])
    const call = clientOf(hanging, world.user('eve'), 50).v1.me.$get()
    await expect(outcomeOf(call)).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('ends at once where it is given up while it waits', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const given = new AbortController()
    // An answer is put away before the pause begins.
    const cancel = () => void setImmediate(() => given.abort())
    const { fetch, sent } = wayTo(async () => {
      const headers = { 'retry-after': '5' }
      return new Response(new ReadableStream({ cancel }), { status: 503, headers })
    })
    // As the platform does.
    const carry: Fetch = async (input, init) => {
      init?.signal?.throwIfAborted()
      return fetch(input, init)
    }
    const { v1 } = clientOf(carry, world.user('ida'))
    const call = v1.me.$get(undefined, { init: { signal: given.signal } })
    await expect(outcomeOf(call)).rejects.toMatchObject({ name: 'AbortError' })
    expect(sent).toHaveLength(1)
    vi.useRealTimers()
  })

  it('asks without a token in the shop that it is told', async () => {
    const { fetch } = wayTo((answer) => answer())
    const { id } = await world.product([{ price: 5, stock: 1 }])
    const inShop = (shop: string) => openTypedClient('http://engine', { fetch, shop }).v1.products
    const param = { id }
    expect(await outcomeOf(inShop(world.shop)[':id'].$get({ param }))).toMatchObject({ ok: true })
    const elsewhere = await outcomeOf(inShop('never-opened')[':id'].$get({ param }))
    if (elsewhere.ok) throw new Error('found')
    expect(elsewhere.problem.code).toBe('shop_closed')
    expectTypeOf('shop_closed' as const).toExtend<typeof elsewhere.problem.code>()
  })

  it('tells when it was not the engine that answered', async () => {
    const { fetch } = wayTo(async () => badGateway(502))
    const call = clientOf(fetch, world.user('fay'), 300).v1.me.$get()
    await expect(outcomeOf(call)).rejects.toThrow('with status 502')
  })

  it.each([502, 504])('asks again behind a proxy that answers %i itself', async (status) => {
    const { fetch, sent } = wayTo((answer, attempt) =>
      attempt % 2 === 1 ? Promise.resolve(badGateway(status)) : answer(),
    )
    const { v1 } = clientOf(fetch, world.user('jan'))
    expect(await outcomeOf(v1.me.balance.$get())).toMatchObject({ ok: true })
    const json = { items: [{ optionId: await world.option({ stock: 5 }), quantity: 1 }] }
    expect(await outcomeOf(v1.orders.$post({ json }))).toMatchObject({ ok: true, status: 201 })
    expect(sent).toHaveLength(4)
  })

  it('asks again where an answer breaks behind its headers', async () => {
    const { fetch, sent } = wayTo(async (answer, attempt) => {
      const given = await answer()
      return attempt % 2 === 1 ? cutOff(given) : given
    })
    const { v1 } = clientOf(fetch, world.user('kim'))
    expect(await outcomeOf(v1.me.balance.$get())).toMatchObject({ ok: true, body: { balance: 0 } })
    const optionId = await world.option({ stock: 5 })
    const json = { items: [{ optionId, quantity: 1 }] }
    expect(await outcomeOf(v1.orders.$post({ json }))).toMatchObject({ ok: true, replayed: true })
    expect(sent).toHaveLength(4)
    expect(await world.units(optionId)).toEqual({ free: 4, held: 1, sold: 0 })
  })

  it('gives a bug of the engine to who asked, and does not repeat it', async () => {
    const problem = { code: 'internal', status: 500, requestId: 'r-1' }
    const { fetch, sent } = wayTo(async () => Response.json(problem, { status: 500 }))
    const outcome = await outcomeOf(clientOf(fetch, world.user('lea')).v1.me.$get())
    expect(outcome).toMatchObject({ ok: false, status: 500, problem })
    expect(sent).toHaveLength(1)
  })

  it('repeats what has one effect without a key too', async () => {
    const { fetch, sent } = wayTo((answer, attempt) =>
      attempt % 2 === 1 ? Promise.resolve(unavailable({ 'retry-after': '0' })) : answer(),
    )
    const param = { id: await world.option({ stock: 1 }) }
    const user = clientOf(fetch, world.user('mia')).v1
    const entered = await outcomeOf(user.options[':id'].entry.$post({ param }))
    expect(entered).toMatchObject({ ok: true, body: { status: 'open' } })
    const admin = clientOf(fetch, world.admin).v1['dead-letters']
    const letter = { id: '1796119207412-0' }
    const missing = { ok: false, problem: { code: 'dead_letter_not_found' } }
    const json = { reason: 'Paid back by hand' }
    expect(await outcomeOf(admin[':id'].retry.$post({ param: letter }))).toMatchObject(missing)
    expect(await outcomeOf(admin[':id'].drop.$post({ param: letter, json }))).toMatchObject(missing)
    expect(sent).toHaveLength(6)
    // The oldest ones would be others, and the answer would not tell of the first.
    expect(await outcomeOf(admin.retry.$post({ json: {} }))).toMatchObject({ status: 503 })
    expect(sent).toHaveLength(7)
  })

  it('tells of every repetition, and when an answer says to come again', async () => {
    const { fetch } = wayTo(async (_, attempt) => {
      if (attempt === 1) throw new TypeError('the connection broke')
      return unavailable({ 'retry-after': attempt === 2 ? '0' : '60' })
    })
    const told: [status: number | null, pauseMs: number][] = []
    const onRepeat = (...one: (typeof told)[number]) => void told.push(one)
    const options = { fetch, token: world.user('ned'), onRepeat }
    const outcome = await outcomeOf(openTypedClient('http://engine', options).v1.me.$get())
    expect(outcome).toMatchObject({ ok: false, retryAfterMs: 60_000 })
    expect(told).toEqual([
      [null, expect.any(Number)],
      [503, 0],
    ])
  })

  it('gets a fresh token for each request where it is told how', async () => {
    const tokens = [world.user('gus'), world.user('hal')]
    const { fetch } = wayTo((answer) => answer())
    const client = openTypedClient('http://engine', {
      fetch,
      token: async () => tokens.shift() as string,
    })
    expect(await outcomeOf(client.v1.me.balance.$get())).toMatchObject({ ok: true })
    expect(await outcomeOf(client.v1.me.balance.$get())).toMatchObject({ ok: true })
    expect(tokens).toEqual([])
  })
})
