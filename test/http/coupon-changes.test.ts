import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, call, get, post, placeOrder } = client

const drain = () => drainOutbox({ ...client.dependencies, shop: client.shop })
const patch = (couponId: string, body: unknown) =>
  call('PATCH', `/v1/coupons/${couponId}`, { token: admin, body })
const claim = (couponId: string, userId: string) =>
  post(`/v1/coupons/${couponId}/claims`, { token: user(userId) })

describe('PATCH /v1/coupons/{id}', () => {
  it('pauses, resumes and ends', async () => {
    const coupon = await client.coupon()
    for (const [status, answer] of [
      ['PAUSED', 409],
      ['ACTIVE', 201],
      ['ENDED', 409],
    ] as const) {
      expect(await patch(coupon, { status })).toMatchObject({ status: 200, body: { status } })
      const claimed = await claim(coupon, `user-of-${status}`)
      expect([claimed.status, claimed.code]).toEqual([
        answer,
        answer === 409 ? 'coupon_inactive' : undefined,
      ])
    }
  })

  it('raises the total while it is claimed, and never lowers it below what is issued', async () => {
    const coupon = await client.coupon({ totalQuantity: 1 })
    await claim(coupon, 'alice')
    expect((await claim(coupon, 'bob')).code).toBe('sold_out')
    expect((await patch(coupon, { totalQuantity: 2 })).body.remainingQuantity).toBe(1)
    expect((await claim(coupon, 'bob')).body.rank).toBe(2)
    expect(await patch(coupon, { totalQuantity: 1, status: 'PAUSED' })).toMatchObject({
      status: 409,
      code: 'below_issued',
    })
    expect((await get(`/v1/coupons/${coupon}`, admin)).body).toMatchObject({
      totalQuantity: 2,
      status: 'ACTIVE',
    })
  })

  it('moves the end of the claims, takes it away with null, and leaves what is issued', async () => {
    const coupon = await client.coupon({ validUntil: Date.UTC(2040, 0) })
    const issued = await claim(coupon, 'alice')
    expect(issued.body.expiresAt).toBe('2040-01-01T00:00:00.000Z')
    expect((await patch(coupon, { validUntil: '2020-01-01T00:00:00Z' })).status).toBe(200)
    expect((await claim(coupon, 'bob')).code).toBe('ended')
    expect((await patch(coupon, { validUntil: null })).body.validUntil).toBeNull()
    expect((await claim(coupon, 'bob')).body.expiresAt).toBeNull()
    expect((await claim(coupon, 'alice')).body).toEqual(issued.body)
  })

  it('refuses an end that is not after the beginning', async () => {
    const coupon = await client.coupon({ validFrom: Date.UTC(2030, 0) })
    const answer = await patch(coupon, { validUntil: '2030-01-01T00:00:00Z' })
    expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.body.errors).toEqual([{ path: 'validUntil', message: 'Must be after validFrom' }])
  })
})

describe('a coupon that is claimed by code only', () => {
  it('is not claimed by its id, and says so to everybody', async () => {
    const body = {
      name: 'Secret',
      discountType: 'FIXED',
      discountValue: 1,
      totalQuantity: 1,
      code: 'sesame',
      codeRequired: true,
    }
    const created = await post('/v1/coupons', { token: admin, body })
    expect(created).toMatchObject({ status: 201, body: { codeRequired: true } })
    const { id } = created.body
    expect((await get(`/v1/coupons/${id}`, user('alice'))).body.codeRequired).toBe(true)
    expect(await claim(id, 'alice')).toMatchObject({ status: 409, code: 'code_required' })
    const byCode = await post('/v1/coupons/claims', {
      token: user('alice'),
      body: { code: ' SESAME ' },
    })
    expect(byCode.status).toBe(201)
    // Who has it still cannot ask for it by its id.
    expect((await claim(id, 'alice')).code).toBe('code_required')
  })
})

describe('an earlier claim', () => {
  it('is answered again while the coupon is sold out, but not once it has ended', async () => {
    const coupon = await client.coupon({ totalQuantity: 1 })
    const first = await claim(coupon, 'alice')
    expect((await claim(coupon, 'bob')).code).toBe('sold_out')
    const again = await claim(coupon, 'alice')
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    await patch(coupon, { validUntil: '2020-01-01T00:00:00Z' })
    expect((await claim(coupon, 'alice')).code).toBe('ended')
  })
})

describe('GET /v1/coupons', () => {
  it('lists coupons with their counts and codes, newest first, by status', async () => {
    const listing = await openClient()
    const ids: string[] = []
    for (const status of ['ACTIVE', 'PAUSED', 'ACTIVE'] as const) {
      ids.unshift(await listing.coupon({ status, code: `code-${ids.length}` }))
    }
    await listing.claim(ids[0] as string, 'alice')
    await drainOutbox({ ...listing.dependencies, shop: listing.shop })
    const list = (query = '') => listing.get(`/v1/coupons${query}`, listing.admin)

    const { body } = await list()
    const single = ids.map((id) => listing.get(`/v1/coupons/${id}`, listing.admin))
    const expected = (await Promise.all(single)).map((answer) => answer.body)
    const byNewest = (
      a: { createdAt: string; id: string },
      b: { createdAt: string; id: string },
    ) => (`${a.createdAt} ${a.id}` < `${b.createdAt} ${b.id}` ? 1 : -1)
    expect(body.items).toEqual(expected.toSorted(byNewest))
    expect(expected[0]).toMatchObject({ issuedQuantity: 1, code: 'code-2' })

    const page = await list('?limit=2')
    const next = await list(`?limit=2&cursor=${page.body.nextCursor}`)
    expect([...page.body.items, ...next.body.items]).toEqual(body.items)
    expect((await list('?status=PAUSED')).body.items).toMatchObject([{ id: ids[1] }])
    expect((await list('?status=paused')).code).toBe('invalid_request')
  })
})

describe('what became of a coupon', () => {
  it('is told to its user by status, and to admins step by step', async () => {
    const option = await client.option({ price: 1_000 })
    await client.credit('carol', 10_000)
    const [used, held, spare, lapsed] = await Promise.all(
      [1, 2, 3, 4].map(() => client.coupon({ discountValue: 150 })),
    )
    const claimed: Record<string, string> = {}
    for (const coupon of [used, held, spare, lapsed] as string[]) {
      claimed[coupon] = (await claim(coupon, 'carol')).body.userCouponId
    }
    const order = async (coupon: string, pay: boolean) => {
      const items = [{ optionId: option, quantity: 1 }]
      const body = { items, userCouponId: claimed[coupon], pay }
      return (await placeOrder('carol', body)).body.id as string
    }
    const back = await order(used as string, false)
    await post(`/v1/orders/${back}/cancel`, { token: user('carol') })
    const paid = await order(used as string, true)
    const pending = await order(held as string, false)
    await drain()
    // Its time passes, and no worker has marked it.
    await sql`update user_coupons set expires_at = '2020-01-01' where id = ${claimed[lapsed as string]}`.execute(
      databaseOf(client.dependencies.orm),
    )

    const listed = async (query: string) =>
      (await get(`/v1/me/coupons${query}`, user('carol'))).body.items
    const statuses = new Map(
      (await listed('')).map((it: { couponId: string; status: string }) => [
        it.couponId,
        it.status,
      ]),
    )
    expect(statuses).toEqual(
      new Map([
        [lapsed, 'EXPIRED'],
        [spare, 'AVAILABLE'],
        [held, 'HELD'],
        [used, 'USED'],
      ]),
    )
    expect(await listed('?status=USED')).toMatchObject([
      { couponId: used, orderId: paid, paymentId: `pay-${paid}`, usedAt: expect.any(String) },
    ])
    expect(await listed('?status=HELD')).toMatchObject([{ couponId: held, orderId: pending }])
    expect(await listed('?status=AVAILABLE')).toMatchObject([{ couponId: spare, orderId: null }])
    expect(await listed('?status=EXPIRED')).toMatchObject([{ couponId: lapsed }])
    expect((await get('/v1/me/coupons', user('eve'))).body.items).toEqual([])

    const history = (await get(`/v1/coupons/${used}/history`, admin)).body.items
    expect(
      history.map((it: Record<string, unknown>) => [it.action, it.orderId, it.appliedDiscount]),
    ).toEqual([
      ['USED', paid, 150],
      ['RESTORED', back, null],
      ['HELD', back, 150],
      ['ISSUED', null, null],
    ])
    const page = await get(`/v1/coupons/${used}/history?limit=3`, admin)
    const rest = await get(`/v1/coupons/${used}/history?cursor=${page.body.nextCursor}`, admin)
    expect([...page.body.items, ...rest.body.items]).toEqual(history)
  })
})
