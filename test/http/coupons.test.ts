import { describe, expect, it } from 'vitest'
import { openClient } from './client.ts'

const client = await openClient()
const { admin, user, get, post } = client

const coupon = { name: 'Ten off', discountType: 'FIXED', discountValue: 10, totalQuantity: 2 }
const create = async (more: Record<string, unknown> = {}) =>
  post('/v1/coupons', { token: admin, body: { ...coupon, ...more } })
const claim = (couponId: string, userId: string) =>
  post(`/v1/coupons/${couponId}/claims`, { token: user(userId) })
const claimByCode = (code: string, userId: string) =>
  post('/v1/coupons/claims', { token: user(userId), body: { code } })

const past = '2020-01-01T00:00:00Z'
const future = '2040-01-01T00:00:00Z'

describe('coupons', () => {
  it('creates a coupon with the defaults of the contract', async () => {
    const created = await create({ code: 'Welcome-10' })
    expect(created.status).toBe(201)
    expect(created.body).toEqual({
      ...coupon,
      id: expect.any(String),
      code: 'Welcome-10',
      maxDiscountAmount: null,
      minOrderAmount: 0,
      issuedQuantity: 0,
      usedQuantity: 0,
      remainingQuantity: 2,
      perUserLimit: 1,
      validFrom: null,
      validUntil: null,
      userCouponTtlSeconds: null,
      restoreOnCancel: true,
      codeRequired: false,
      status: 'ACTIVE',
      createdAt: expect.any(String),
    })
    await claim(created.body.id, 'alice')
    const counted = { ...created.body, issuedQuantity: 1, remainingQuantity: 1 }
    expect((await get(`/v1/coupons/${created.body.id}`, admin)).body).toEqual(counted)
  })

  it('shows the code to admins only', async () => {
    const { body } = await create({ code: 'hidden' })
    const seen = await get(`/v1/coupons/${body.id}`, user('alice'))
    expect(seen.status).toBe(200)
    expect(JSON.stringify(seen.body)).not.toContain('hidden')
  })

  it('refuses a code that is taken, in any case', async () => {
    await create({ code: 'taken' })
    expect(await create({ code: 'TAKEN' })).toMatchObject({ status: 409, code: 'code_taken' })
  })

  it('answers 404 for a coupon that is not there', async () => {
    expect(await get('/v1/coupons/nothing', admin)).toMatchObject({
      status: 404,
      code: 'coupon_not_found',
    })
  })
})

describe('POST /v1/coupons/{id}/claims', () => {
  it('gives one to a user, answers a second request with the first claim, and sells out', async () => {
    const { body } = await create({ userCouponTtlSeconds: 60 })
    const first = await claim(body.id, 'alice')
    expect(first.status).toBe(201)
    expect(first.body).toEqual({
      userCouponId: expect.stringMatching(/^\w+\.1$/),
      couponId: body.id,
      rank: 1,
      status: 'AVAILABLE',
      issuedAt: expect.any(String),
      expiresAt: new Date(Date.parse(first.body.issuedAt) + 60_000).toISOString(),
    })
    const again = await claim(body.id, 'alice')
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect(again.headers.get('idempotency-replayed')).toBe('true')

    expect(await claim(body.id, 'bob')).toMatchObject({ status: 201, body: { rank: 2 } })
    const late = await claim(body.id, 'carol')
    expect(late).toMatchObject({ status: 409, code: 'sold_out' })
    expect(late.headers.get('content-type')).toBe('application/problem+json')
    expect((await claim(body.id, 'alice')).status).toBe(200)
  })

  it('gives 100 coupons to 100 of 300 users who claim at once', async () => {
    const { body } = await create({ totalQuantity: 100 })
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => claim(body.id, `user-${index}`)),
    )
    const ranks = answers.filter(({ status }) => status === 201).map((answer) => answer.body.rank)
    expect(new Set(ranks).size).toBe(100)
    expect(answers.filter(({ code }) => code === 'sold_out')).toHaveLength(200)
  })

  it('refuses in the order of the contract', async () => {
    expect(await claim('nothing', 'alice')).toMatchObject({ status: 404, code: 'coupon_not_found' })
    const early = await create({ validFrom: future })
    expect(await claim(early.body.id, 'alice')).toMatchObject({ status: 409, code: 'not_started' })
    const late = await create({ validUntil: past })
    expect(await claim(late.body.id, 'alice')).toMatchObject({ status: 409, code: 'ended' })
    const paused = await client.coupon({ status: 'PAUSED', validFrom: Date.parse(future) })
    expect(await claim(paused, 'alice')).toMatchObject({ status: 409, code: 'coupon_inactive' })
  })

  it('takes an empty body and refuses any other', async () => {
    const { body } = await create()
    const path = `/v1/coupons/${body.id}/claims`
    const token = user('dave')
    expect((await post(path, { token, body: { price: 0 } })).code).toBe('invalid_request')
    expect((await post(path, { token, body: {} })).status).toBe(201)
  })
})

describe('POST /v1/coupons/claims', () => {
  it('claims by code in any case', async () => {
    const { body } = await create({ code: 'Sesame', totalQuantity: 1 })
    const first = await claimByCode('SESAME', 'alice')
    expect(first).toMatchObject({ status: 201, body: { couponId: body.id, rank: 1 } })
    expect(await claimByCode('sesame', 'alice')).toMatchObject({ status: 200, body: first.body })
    expect(await claimByCode('sesame', 'bob')).toMatchObject({ status: 409, code: 'sold_out' })
  })

  it('gives one answer for every bad code', async () => {
    await create({ code: 'early', validFrom: future })
    await create({ code: 'late', validUntil: past })
    await client.coupon({ status: 'PAUSED', code: 'paused' })
    const unfit = ['', '#', 'a b', '{x}:y\u0000\r\n', 'a'.repeat(65), 'a'.repeat(30_000)]
    const codes = ['unknown', 'early', 'late', 'paused', ...unfit]
    const answers = await Promise.all(codes.map((code) => claimByCode(code, 'alice')))
    const bodies = answers.map(({ body: { requestId, ...rest } }) => rest)
    expect(bodies[0]).toMatchObject({ status: 404, code: 'code_not_found' })
    for (const body of bodies) expect(body).toEqual(bodies[0])
  })
})
