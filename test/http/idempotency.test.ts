import { describe, expect, it } from 'vitest'
import { openApiOrm } from '../../src/db/orm.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, post, placeOrder } = client

describe('idempotency keys', () => {
  it('places one order for 50 parallel requests with one key', async () => {
    const option = await client.option({ stock: 60 })
    const body = { items: [{ optionId: option, quantity: 1 }] }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => placeOrder('alice', body, 'once')),
    )
    const first = answers.filter(({ status }) => status === 201)
    expect(first).toHaveLength(1)
    for (const answer of answers) {
      expect(answer.body).toEqual(first[0]?.body)
      const isReplay = answer.status === 200
      expect(answer.headers.get('idempotency-replayed')).toBe(isReplay ? 'true' : null)
    }
    expect(await client.units(option)).toEqual({ free: 59, held: 1, sold: 0 })
  })

  it('answers a repeated request as it was first answered, whatever became of the order', async () => {
    const option = await client.option()
    const body = { items: [{ optionId: option, quantity: 1 }] }
    const first = await placeOrder('bob', body, 'cancelled-later')
    await post(`/v1/orders/${first.body.id}/cancel`, { token: user('bob') })
    const again = await placeOrder('bob', body, 'cancelled-later')
    expect(again).toMatchObject({ status: 200, body: first.body })
  })

  it('answers a repeated request as first answered when only Postgres has the order', async () => {
    const items = [{ optionId: await client.option({ price: 10 }), quantity: 1 }]
    await client.credit('hugo', 100)
    for (const pay of [false, true]) {
      const ask = (by = client.call) =>
        by('POST', '/v1/orders', { token: user('hugo'), key: `${pay}`, body: { items, pay } })
      const first = await ask()
      const path = `/v1/orders/${first.body.id}`
      if (!pay) await client.post(`${path}/cancel`, { token: user('hugo') })
      await drainOutbox({ ...client.dependencies, shop: client.shop })
      expect(await ask()).toMatchObject({ status: 200, body: first.body })

      // Where Postgres is away, the answer has to wait, as it has for a reader of the order.
      const orm = openApiOrm('postgres://nobody@127.0.0.1:1/nothing')
      const away = client.callWith({ orm })
      expect(await ask(away)).toMatchObject({ status: 503, code: 'unavailable' })
      expect(await away('GET', path, { token: user('hugo') })).toMatchObject({ status: 503 })
      await orm.close()
      expect(await client.get('/v1/me/balance', user('hugo'))).toMatchObject({
        body: { balance: pay ? 90 : 100 },
      })
    }
  })

  it('tells a repeated request from another one by what it means, not by how it is written', async () => {
    const option = await client.option()
    const placed = await placeOrder(
      'carol',
      `{"items":[{"optionId":"${option}","quantity":1}]}`,
      'spelling',
    )
    const same = `{ "pay": false, "items": [ { "quantity": 1.0, "optionId": "${option}" } ] }`
    expect(await placeOrder('carol', same, 'spelling')).toMatchObject({
      status: 200,
      body: placed.body,
    })
    const other = { items: [{ optionId: option, quantity: 1 }], pay: true }
    expect(await placeOrder('carol', other, 'spelling')).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
  })

  it('keeps keys apart by user and by route', async () => {
    const option = await client.option()
    const body = { items: [{ optionId: option, quantity: 1 }] }
    const [mine, theirs] = [
      await placeOrder('dave', body, 'shared'),
      await placeOrder('erin', body, 'shared'),
    ]
    expect([mine.status, theirs.status]).toEqual([201, 201])
    expect(theirs.body.userId).toBe('erin')

    const request = { token: admin, key: 'shared' }
    const charge = await post('/v1/users/dave/charges', { ...request, body: { amount: 1 } })
    const adjustment = { change: 1, reason: 'count' }
    const path = `/v1/options/${option}/stock-adjustments`
    const adjust = await post(path, { ...request, body: adjustment })
    expect([charge.status, adjust.status]).toEqual([201, 201])
  })

  it('takes a key of up to 255 visible characters', async () => {
    const option = await client.option({ price: 0 })
    const body = { items: [{ optionId: option, quantity: 1 }] }
    for (const key of ['!', '~'.repeat(255), '{a}:b"\\']) {
      expect((await placeOrder('frank', body, key)).status).toBe(201)
    }
  })

  it('does not keep a refusal: the same key may succeed later', async () => {
    const option = await client.option({ stock: 0 })
    const body = { items: [{ optionId: option, quantity: 1 }] }
    expect((await placeOrder('grace', body, 'later')).code).toBe('sold_out')
    await client.adjust(option, 1)
    expect((await placeOrder('grace', body, 'later')).status).toBe(201)
  })
})
