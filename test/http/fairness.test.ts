import { expect, it } from 'vitest'
import { verify } from '../../src/verify/verify.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { type Answer, httpConfig, openClient } from './client.ts'

/*
 * A buyer with a script: everything that could get him more than others may have, at once, over two API processes.
 */

const client = await openClient()
const { user, admin, shop } = client
/** Two processes, which batch by themselves and only meet in Redis. Limits that slow a script down are off. */
const config = { ...httpConfig, RATE_LIMIT: false }
const processes = [1, 2].map(() => client.callWith({ config, engine: client.engineWith({}) }))
const elsewhere = (number: number) => processes[number % processes.length] as typeof client.call

const countOf = (answers: Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length

async function booksBalance(): Promise<void> {
  const { redis, orm } = client.dependencies
  await drainOutbox({ redis, orm, shop })
  const { checks } = await verify({ redis, orm }, shop)
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
}

it('gives one claim to a user with many codes of a coupon, and the other codes to others', async () => {
  const coupon = await client.coupon({ totalQuantity: 100, perUserLimit: 1 })
  const made = await client.post(`/v1/coupons/${coupon}/codes`, {
    token: admin,
    body: { count: 20 },
  })
  const codes: string[] = made.body.trim().split('\n')
  const tryAll = (userId: string) =>
    Promise.all(
      [...codes, ...codes].map((code, number) =>
        elsewhere(number)('POST', '/v1/coupons/claims', { token: user(userId), body: { code } }),
      ),
    )
  const answers = await tryAll('greedy')
  expect(countOf(answers, 201)).toBe(1)
  const claims = answers.filter(({ status }) => status < 300)
  expect(new Set(claims.map(({ body }) => body.userCouponId)).size).toBe(1)

  // 19 codes are left for 19 others.
  for (let number = 0; number < 19; number++) {
    expect(countOf(await tryAll(`modest-${number}`), 201)).toBe(1)
  }
  expect(countOf(await tryAll('late'), 201)).toBe(0)
  await booksBalance()
})

it('gives a user no more units than he may have, by orders, carts, retries, payments and cancellations', async () => {
  const option = await client.option({ stock: 100, perUserLimit: 3, price: 10 })
  await client.credit('hoarder', 10_000)
  const line = { optionId: option, quantity: 1 }
  const order = (number: number, key: string, body: object) =>
    elsewhere(number)('POST', '/v1/orders', { token: user('hoarder'), key, body })
  const fillCart = (number: number) =>
    elsewhere(number)('PUT', `/v1/me/cart/items/${option}`, {
      token: user('hoarder'),
      body: { quantity: 1 },
    })
  await fillCart(0)
  const burst = await Promise.all(
    Array.from({ length: 60 }, (_, number) => {
      switch (number % 4) {
        case 0:
          return order(number, `new-${number}`, { items: [line], pay: true })
        case 1:
          return order(number >> 2, 'the-same', { items: [line] })
        case 2:
          return fillCart(number >> 2)
        default:
          return order(number, `cart-${number}`, { fromCart: true })
      }
    }),
  )
  for (const { status } of burst) expect([200, 201, 404, 409]).toContain(status)
  const counts = await client.units(option)
  expect(counts.held + counts.sold).toBeLessThanOrEqual(3)

  // Cancelling and refunding make room for as many as come back, also while others are ordered.
  const ids = [...new Set(burst.filter(({ status }) => status === 201).map(({ body }) => body.id))]
  expect(ids.length).toBeGreaterThan(0)
  await Promise.all(
    Array.from({ length: 60 }, (_, number) => {
      const id = ids[number % ids.length]
      if (number % 3 === 0) return order(number, `again-${number}`, { items: [line] })
      const action = number % 3 === 1 ? 'cancel' : 'payment'
      return elsewhere(number)('POST', `/v1/orders/${id}/${action}`, { token: user('hoarder') })
    }),
  )
  const after = await client.units(option)
  expect(after.held + after.sold).toBeLessThanOrEqual(3)
  expect(after.free + after.held + after.sold).toBe(100)
  await booksBalance()
})
