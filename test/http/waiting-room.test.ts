import { describe, expect, it, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { endOfPass, signPass } from '../../src/waiting-room/pass.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, call, post, redis, shop } = client
let users = 0
const newUser = () => `visitor-${++users}`

const openRoom = (path: string, terms: object = { admitPerSecond: 100 }) =>
  call('PUT', `/v1/${path}/waiting-room`, { token: admin, body: terms })
const enter = async (path: string, userId: string) =>
  (await post(`/v1/${path}/entry`, { token: user(userId) })).body
const claim = (id: string, userId: string, pass?: string) =>
  post(`/v1/coupons/${id}/claims`, {
    token: user(userId),
    ...(pass !== undefined && { headers: { 'x-admission': pass } }),
  })
let keys = 0
const order = (userId: string, body: object, pass?: string, key = `room-${++keys}`) =>
  post('/v1/orders', {
    token: user(userId),
    key,
    body,
    ...(pass !== undefined && { headers: { 'x-admission': pass } }),
  })
const line = (optionId: string) => ({ items: [{ optionId, quantity: 1 }] })
const putIntoCart = (userId: string, optionId: string, pass?: string) =>
  call('PUT', `/v1/me/cart/items/${optionId}`, {
    token: user(userId),
    body: { quantity: 1 },
    ...(pass !== undefined && { headers: { 'x-admission': pass } }),
  })

describe('a waiting room', () => {
  it('is there from its opening to its end', async () => {
    const id = await client.coupon()
    expect((await enter(`coupons/${id}`, newUser())).status).toBe('open')
    expect((await claim(id, newUser())).status).toBe(201)
    const opened = await openRoom(`coupons/${id}`, { admitPerSecond: 3, passMs: 60_000 })
    expect(opened).toMatchObject({ status: 200, body: { admitPerSecond: 3, passMs: 60_000 } })
    expect((await client.get(`/v1/coupons/${id}/waiting-room`, admin)).body).toEqual(opened.body)
    expect((await claim(id, newUser())).code).toBe('admission_required')
    const closed = await call('DELETE', `/v1/coupons/${id}/waiting-room`, { token: admin })
    expect(closed.body).toEqual({ closed: true })
    expect((await claim(id, newUser())).status).toBe(201)
  })

  it('never tells the secret of its passes', async () => {
    const id = await client.coupon()
    const opened = await openRoom(`coupons/${id}`)
    const [secret] = /"secret":"[\w-]{43}"/.exec(
      (await redis.hget(`{${shop}}:rooms`, `coupon:${id}`)) ?? '',
    ) as [string]
    expect(secret).toBeTruthy()
    expect(Object.keys(opened.body)).toEqual(['admitPerSecond', 'passMs', 'openedAt'])
  })

  it('lets a user with his pass through, and the limits behind it hold', async () => {
    const id = await client.coupon({ totalQuantity: 5, perUserLimit: 1 })
    await openRoom(`coupons/${id}`)
    const userId = newUser()
    const { pass, status } = await enter(`coupons/${id}`, userId)
    expect(status).toBe('admitted')
    expect(await claim(id, userId, pass)).toMatchObject({ status: 201 })
    const again = await claim(id, userId, pass)
    expect(again.status).toBe(200)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })

  it('lets orders through that name the passes of all their options, also from the cart', async () => {
    const [one, other, free] = [await client.option(), await client.option(), await client.option()]
    await openRoom(`options/${one}`)
    await openRoom(`options/${other}`)
    const userId = newUser()
    const first = (await enter(`options/${one}`, userId)).pass
    const second = (await enter(`options/${other}`, userId)).pass
    const both = { items: [one, other, free].map((optionId) => ({ optionId, quantity: 1 })) }
    expect((await order(userId, both)).code).toBe('admission_required')
    expect((await order(userId, both, first)).code).toBe('admission_required')
    expect((await order(userId, both, `${first}, ${second}`)).status).toBe(201)
    expect((await order(userId, line(free))).status).toBe(201)

    const shopper = newUser()
    expect((await putIntoCart(shopper, one)).code).toBe('admission_required')
    const pass = (await enter(`options/${one}`, shopper)).pass
    expect((await putIntoCart(shopper, one, pass)).status).toBe(200)
    expect((await order(shopper, { fromCart: true })).code).toBe('admission_required')
    expect((await order(shopper, { fromCart: true }, pass)).status).toBe(201)
  })

  it('admits nobody to what is left for those whom it has admitted', async () => {
    const id = await client.coupon({ totalQuantity: 2 })
    await openRoom(`coupons/${id}`)
    const [one, two, three] = [newUser(), newUser(), newUser()]
    const pass = (await enter(`coupons/${id}`, one)).pass
    expect((await enter(`coupons/${id}`, two)).status).toBe('admitted')
    const place = await enter(`coupons/${id}`, three)
    expect(place).toMatchObject({ status: 'waiting', ahead: 0, likely: false, pass: null })
    expect(place.retryAfterMs).toBeGreaterThanOrEqual(limits.roomRetryMsMin)
    expect((await claim(id, one, pass)).status).toBe(201)
    expect((await enter(`coupons/${id}`, three)).status).toBe('waiting')
    await claim(id, two, (await enter(`coupons/${id}`, two)).pass)
    expect((await post(`/v1/coupons/${id}/entry`, { token: user(three) })).code).toBe('sold_out')
  })
})

describe('a pass', () => {
  const someRoom = async () => {
    const id = await client.coupon({ totalQuantity: 50, perUserLimit: 1 })
    await openRoom(`coupons/${id}`, { admitPerSecond: 100, passMs: limits.roomPassMsMin })
    return id
  }

  it('is for one user and one thing', async () => {
    const [id, other] = [await someRoom(), await someRoom()]
    const userId = newUser()
    const { pass } = await enter(`coupons/${id}`, userId)
    expect((await claim(id, newUser(), pass)).code).toBe('admission_required')
    expect((await claim(other, userId, pass)).code).toBe('admission_required')
    expect((await claim(id, userId, pass)).status).toBe(201)
  })

  it('cannot be made, prolonged or kept from an earlier room', async () => {
    const id = await someRoom()
    const userId = newUser()
    const { pass } = await enter(`coupons/${id}`, userId)
    const [end, signature] = pass.split('.') as [string, string]
    const forged = signPass('c2VjcmV0', { target: `coupon:${id}`, userId, untilMs: Number(end) })
    for (const bad of [
      forged,
      `${Number(end) + 1}.${signature}`,
      `${end}.${'A'.repeat(43)}`,
      `${end}.`,
      `.${signature}`,
      'x'.repeat(limits.passesLengthMax),
      `${`${forged},`.repeat(1_000)}${pass}`,
    ]) {
      expect((await claim(id, userId, bad)).code).toBe('admission_required')
    }
    await call('DELETE', `/v1/coupons/${id}/waiting-room`, { token: admin })
    await openRoom(`coupons/${id}`)
    expect((await claim(id, userId, pass)).code).toBe('admission_required')
  })

  it('ends; what was accepted with it is answered again all the same', async () => {
    const [coupon, option] = [await someRoom(), await client.option()]
    await openRoom(`options/${option}`, { admitPerSecond: 100, passMs: limits.roomPassMsMin })
    const [userId, idler] = [newUser(), newUser()]
    const pass = (await enter(`coupons/${coupon}`, userId)).pass
    const lapsed = (await enter(`coupons/${coupon}`, idler)).pass
    const orderPass = (await enter(`options/${option}`, userId)).pass
    const claimed = await claim(coupon, userId, pass)
    const ordered = await order(userId, line(option), orderPass, 'with-a-pass')
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + limits.roomPassMsMin + 1)
    expect(await claim(coupon, userId, pass)).toMatchObject({ status: 200, body: claimed.body })
    const again = await order(userId, line(option), orderPass, 'with-a-pass')
    expect(again).toMatchObject({ status: 200, body: ordered.body })
    expect((await order(userId, line(option), orderPass)).code).toBe('admission_required')
    expect((await claim(coupon, idler, lapsed)).code).toBe('admission_required')
    vi.restoreAllMocks()
  })

  it('is given up with the purchase: for more a user queues again', async () => {
    const option = await client.option({ stock: 50 })
    await openRoom(`options/${option}`, { admitPerSecond: 1 })
    const userId = newUser()
    const { pass } = await enter(`options/${option}`, userId)
    await order(userId, line(option), pass)
    await enter(`options/${option}`, newUser())
    expect((await enter(`options/${option}`, userId)).status).toBe('waiting')
  })

  it('is compared with what it must be, whatever it looks like', () => {
    const admitted = { target: 'coupon:a', userId: 'b', untilMs: 1_790_000_000_000 }
    const pass = signPass('c2VjcmV0', admitted)
    expect(endOfPass('c2VjcmV0', pass, admitted)).toBe(admitted.untilMs)
    expect(endOfPass('b3RoZXI', pass, admitted)).toBeNull()
    expect(endOfPass('c2VjcmV0', pass, { ...admitted, target: 'coupon:a b' })).toBeNull()
  })
})

it('is no call to Redis for the requests of a shop without one, nor one each for its first ones', async () => {
  const looks = vi.spyOn(redis, 'hgetall')
  const send = client.callWith({})
  const id = await client.coupon({ totalQuantity: 100 })
  const claims = Array.from({ length: 50 }, () =>
    send('POST', `/v1/coupons/${id}/claims`, { token: user(newUser()) }),
  )
  for (const { status } of await Promise.all(claims)) expect(status).toBe(201)
  expect(looks).toHaveBeenCalledOnce()
  vi.restoreAllMocks()
})

it('is not looked for again where Redis does not answer, and then stands before nothing', async () => {
  const id = await client.coupon()
  const send = client.callWith({})
  const look = vi.spyOn(redis, 'hgetall').mockRejectedValue(new Error('Connection is closed.'))
  const answer = await send('POST', `/v1/coupons/${id}/claims`, { token: user(newUser()) })
  expect(answer.status).toBe(201)
  expect(look).toHaveBeenCalledOnce()
  vi.restoreAllMocks()
})
