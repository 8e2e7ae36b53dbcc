import { describe, expect, it } from 'vitest'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, get } = client

/** The application beside a worker: what it accepts is drained as soon as the queue says so. */
const engine = client.engineWith({
  onAccepted: () => {
    drains.push(drainOutbox({ ...client.dependencies, shop: client.shop }))
  },
})
const drains: Promise<unknown>[] = []
const call = client.callWith({ engine })

describe('a list from Postgres', () => {
  it('shows what the client did just before, beside a running worker', async () => {
    const token = user('alice')
    const option = await client.option({ price: 10 })
    const coupon = await client.coupon()
    const product = await client.productOf(option)
    const first = async (path: string) => (await call('GET', path, { token: admin })).body.items[0]
    const mine = async (path: string) => (await call('GET', path, { token })).body.items[0]

    const charge = { token: admin, key: 'charge', body: { amount: 100 } }
    await call('POST', '/v1/users/alice/charges', charge)
    expect(await mine('/v1/me/balance/history')).toMatchObject({ amount: 100 })
    const claim = await call('POST', `/v1/coupons/${coupon}/claims`, { token })
    expect(await mine('/v1/me/coupons')).toMatchObject({ userCouponId: claim.body.userCouponId })
    expect(await first(`/v1/coupons/${coupon}/history`)).toMatchObject({ action: 'ISSUED' })
    await call('PATCH', `/v1/coupons/${coupon}`, { token: admin, body: { status: 'PAUSED' } })
    expect(await first('/v1/coupons')).toMatchObject({ id: coupon, status: 'PAUSED' })
    await call('PATCH', `/v1/options/${option}`, { token: admin, body: { price: 20 } })
    expect(await first(`/v1/products/${product}/price-history`)).toMatchObject({ newPrice: 20 })
    const adjustment = { token: admin, key: 'count', body: { change: 4, reason: 'count' } }
    await call('POST', `/v1/options/${option}/stock-adjustments`, adjustment)
    expect(await first(`/v1/options/${option}/stock-history`)).toMatchObject({ change: 4 })
    const body = { items: [{ optionId: option, quantity: 1 }], pay: true }
    const order = await call('POST', '/v1/orders', { token, key: 'order', body })
    const refunds = `/v1/orders/${order.body.id}/refunds`
    const refund = await call('POST', refunds, { token: admin, key: 'refund' })
    expect(await mine(refunds)).toMatchObject({ id: refund.body.id })
    expect(await first('/v1/users/alice/balance/history')).toMatchObject({ type: 'REFUND' })
    await Promise.all(drains)
  })

  it('shows what is stored after a bounded wait, where no worker is running', async () => {
    await client.credit('bob', 5)
    await drainOutbox({ ...client.dependencies, shop: client.shop })
    await client.credit('bob', 7)
    const history = () => get('/v1/me/balance/history', user('bob'))
    const answers = await Promise.all(Array.from({ length: 20 }, history))
    for (const { body } of answers) expect(body.items).toMatchObject([{ amount: 5 }])
    await drainOutbox({ ...client.dependencies, shop: client.shop })
    expect((await history()).body.items).toHaveLength(2)
  })
})
