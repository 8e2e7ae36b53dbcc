import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { httpConfig, openClient } from './client.ts'

const client = await openClient()
const config = { ...httpConfig, UNPAID_ORDERS_PER_USER: 3 }
const limited = () => client.callWith({ config })
type Send = ReturnType<typeof limited>
const option = await client.option({ price: 10, stock: 1_000 })
let keys = 0

const placeOrder = (send: Send, userId: string, more: object = {}, key = `unpaid-${++keys}`) =>
  send('POST', '/v1/orders', {
    token: client.user(userId),
    key,
    body: { items: [{ optionId: option, quantity: 1 }], ...more },
  })
/** Places an order, and waits until the process has heard how many there were. */
const order = async (...terms: Parameters<typeof placeOrder>) => {
  const answer = await placeOrder(...terms)
  await client.redis.ping()
  await new Promise(setImmediate)
  return answer
}
const act = (send: Send, userId: string, id: string, what: 'payment' | 'cancel') =>
  send('POST', `/v1/orders/${id}/${what}`, { token: client.user(userId) })
const free = async () =>
  Number(await client.redis.hget(`{${client.shop}}:options`, `${option}:free`))

/** Holds and cancels until it is refused, and says how often it was not. */
async function holdAndCancel(send: Send, userId: string): Promise<number> {
  for (let count = 0; ; count++) {
    const held = await order(send, userId)
    if (held.status === 429) return count
    await act(send, userId, held.body.id, 'cancel')
  }
}

describe('orders that are not paid', () => {
  it('may be placed and cancelled only so often, and give back what they held', async () => {
    const send = limited()
    const before = await free()
    expect(await holdAndCancel(send, 'hoarder')).toBe(3)
    expect(await free()).toBe(before)
    const refused = await order(send, 'hoarder')
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' })
    expect(refused.body.detail).toContain('pay with the order')
    const waitSeconds = Number(refused.headers.get('retry-after'))
    expect(waitSeconds).toBeGreaterThan(limits.unpaidOrdersSeconds - 60)
    expect(await free()).toBe(before)
  })

  it('are no more where many are placed at once', async () => {
    const send = limited()
    const before = await free()
    const all = await Promise.all(Array.from({ length: 50 }, () => placeOrder(send, 'crowd')))
    const statuses = all.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(3)
    expect(statuses.filter((status) => status === 429)).toHaveLength(47)
    expect(await free()).toBe(before - 3)
  })

  it('are not those that are refused', async () => {
    const send = limited()
    const items = [{ optionId: 'nothing', quantity: 1 }]
    for (let time = 0; time < 5; time++) {
      expect((await order(send, 'unlucky', { items })).status).toBe(404)
    }
    expect(await holdAndCancel(send, 'unlucky')).toBe(3)
  })

  it('keep nobody from paying with the order, nor other users from anything', async () => {
    const send = limited()
    await client.credit('payer', 1_000)
    expect(await holdAndCancel(send, 'payer')).toBe(3)
    expect((await order(send, 'payer', { pay: true })).status).toBe(201)
    expect((await order(send, 'somebody')).status).toBe(201)
  })

  it('are not those that are paid later, once each', async () => {
    const send = limited()
    await client.credit('buyer', 1_000)
    const ids = []
    for (let count = 0; count < 3; count++) ids.push((await order(send, 'buyer')).body.id)
    expect((await order(send, 'buyer')).status).toBe(429)
    for (let time = 0; time < 5; time++) {
      expect((await act(send, 'buyer', ids[0], 'payment')).status).toBe(200)
    }
    expect((await order(send, 'buyer')).status).toBe(201)
    expect((await order(send, 'buyer')).status).toBe(429)
  })

  it('are one where a request is repeated, and their repetition is answered at any time', async () => {
    const send = limited()
    const first = await order(send, 'repeater', {}, 'the-same')
    for (let time = 0; time < 5; time++) await order(send, 'repeater', {}, 'the-same')
    expect((await order(send, 'repeater')).status).toBe(201)
    expect(await holdAndCancel(send, 'repeater')).toBe(1)
    const again = await order(send, 'repeater', {}, 'the-same')
    expect(again).toMatchObject({ status: 200, body: first.body })
  })

  it('are counted by all processes together', async () => {
    const [one, other] = [limited(), limited()]
    expect(await holdAndCancel(one, 'wanderer')).toBe(3)
    expect(await holdAndCancel(other, 'wanderer')).toBeLessThanOrEqual(1)
  })

  it('are nobody’s fault while Redis does not count', async () => {
    const redis = connectRedis('redis://127.0.0.1:1', { name: 'nowhere' })
    redis.on('error', () => {})
    const send = client.callWith({ config, redis })
    for (let count = 0; count < 5; count++) expect((await order(send, 'lucky')).status).toBe(201)
    redis.disconnect()
  })

  it('are not limited where the configuration says so', async () => {
    const send = client.callWith({ config: { ...config, RATE_LIMIT: false } })
    for (let count = 0; count < 5; count++) expect((await order(send, 'free')).status).toBe(201)
  })
})
