import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, get, post } = client
const charges = '/v1/users/alice/charges'

describe('POST /v1/users/{id}/charges', () => {
  it('charges once per key and answers a repeated request with the first answer', async () => {
    const request = { token: admin, key: 'first', body: { amount: 100 } }
    const first = await post(charges, request)
    expect(first).toMatchObject({
      status: 201,
      body: { type: 'CHARGE', amount: 100, beforeAmount: 0, afterAmount: 100 },
    })
    expect(first.body.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(first.headers.has('idempotency-replayed')).toBe(false)

    const again = await post(charges, request)
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await get('/v1/me/balance', user('alice'))).body).toEqual({ balance: 100 })
  })

  it('refuses a key that was used with another body', async () => {
    const request = { token: admin, key: 'first', body: { amount: 101 } }
    expect(await post(charges, request)).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
  })

  it('takes the same key for another user as another charge', async () => {
    const request = { token: admin, key: 'first', body: { amount: 100 } }
    expect((await post('/v1/users/bob/charges', request)).status).toBe(201)
  })

  it('refuses a charge beyond the highest balance', async () => {
    const rounds = limits.balanceMax / limits.chargeMax
    for (let round = 1; round < rounds; round++) await client.credit('rich', limits.chargeMax)
    expect((await client.credit('rich', limits.chargeMax)).status).toBe(201)
    expect(await client.credit('rich', 1)).toMatchObject({ status: 409, code: 'balance_limit' })
  })
})

describe('balance history', () => {
  it('lists what Postgres has, newest first, page by page', async () => {
    for (const amount of [1, 2, 3]) await client.credit('carol', amount)
    expect((await get('/v1/me/balance/history', user('carol'))).body).toEqual({
      items: [],
      nextCursor: null,
    })
    await drainOutbox({ ...client.dependencies, shop: client.shop })

    const first = await get('/v1/me/balance/history?limit=2', user('carol'))
    expect(first.body.items).toMatchObject([
      { type: 'CHARGE', amount: 3, beforeAmount: 3, afterAmount: 6, orderId: null },
      { amount: 2 },
    ])
    const query = `limit=2&cursor=${first.body.nextCursor}`
    const second = await get(`/v1/users/carol/balance/history?${query}`, admin)
    expect(second.body).toMatchObject({ items: [{ amount: 1 }], nextCursor: null })
  })

  it('refuses a cursor of another list', async () => {
    const answer = await get('/v1/me/balance/history?cursor=bm90aGluZw', user('carol'))
    expect(answer).toMatchObject({
      status: 400,
      code: 'invalid_request',
      body: { errors: [{ path: 'cursor' }] },
    })
  })
})
