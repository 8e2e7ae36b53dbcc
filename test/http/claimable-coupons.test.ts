import { expect, it, vi } from 'vitest'
import { openApiOrm } from '../../src/db/orm.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { shop } = client
const drain = () => drainOutbox({ ...client.dependencies, shop })
const path = '/v1/coupons/claimable'
const look = async (call = client.call) => {
  const { body } = await call('GET', path, { headers: { 'x-shop': shop } })
  return body.items as { id: string; remainingQuantity: number; code?: string }[]
}
const idsOf = (coupons: { id: string }[]) => coupons.map(({ id }) => id)

it('has what anybody may claim now or later, newest first, and nothing that needs a code', async () => {
  const hourMs = 3_600_000
  const open = await client.coupon()
  const later = await client.coupon({ validFrom: Date.now() + hourMs })
  const soldOut = await client.coupon({ totalQuantity: 1 })
  await client.claim(soldOut, 'ada')
  await client.coupon({ code: 'HUSH' })
  await client.coupon({ codeRequired: true })
  await client.coupon({ status: 'PAUSED' })
  await client.coupon({ validUntil: Date.now() - hourMs })
  await drain()
  const coupons = await look()
  expect(idsOf(coupons)).toEqual([soldOut, later, open])
  expect(coupons.map(({ remainingQuantity }) => remainingQuantity)).toEqual([0, 10, 10])
  expect(JSON.stringify(coupons)).not.toMatch(/HUSH|"code"/)
})

it('shows claims and pauses at once, before Postgres has them, and new coupons soon', async () => {
  const id = await client.coupon()
  await drain()
  await vi.waitFor(async () => expect(idsOf(await look())).toContain(id), 5_000)
  await client.post(`/v1/coupons/${id}/claims`, { token: client.user('ada') })
  expect((await look()).find((it) => it.id === id)?.remainingQuantity).toBe(9)
  const body = { status: 'PAUSED' }
  await client.call('PATCH', `/v1/coupons/${id}`, { token: client.admin, body })
  expect(idsOf(await look())).not.toContain(id)
})

it('has nothing that is made paused, until it is resumed', async () => {
  const facts = { name: 'Soon', discountType: 'FIXED', discountValue: 5, totalQuantity: 1 }
  const body = { ...facts, status: 'PAUSED' }
  const made = await client.post('/v1/coupons', { token: client.admin, body })
  expect(made).toMatchObject({ status: 201, body: { status: 'PAUSED' } })
  const { id } = made.body
  // This one is newer: where it is listed, the list was made after both.
  const beside = await client.coupon()
  await drain()
  await vi.waitFor(async () => expect(idsOf(await look())).toContain(beside), 5_000)
  expect(idsOf(await look())).not.toContain(id)
  const claimed = await client.post(`/v1/coupons/${id}/claims`, { token: client.user('ada') })
  expect(claimed.code).toBe('coupon_inactive')
  const resumed = { token: client.admin, body: { status: 'ACTIVE' } }
  await client.call('PATCH', `/v1/coupons/${id}`, resumed)
  await drain()
  await vi.waitFor(async () => expect(idsOf(await look())).toContain(id), 5_000)
})

it('asks Postgres once for a thousand who look, and goes on without it', async () => {
  const id = await client.coupon()
  await drain()
  const orm = openApiOrm(client.databaseUrl)
  const fork = vi.spyOn(orm.em, 'fork')
  const call = client.callWith({ orm })
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => look(call)))
  for (const coupons of answers) expect(idsOf(coupons)).toContain(id)
  expect(fork).toHaveBeenCalledTimes(1)

  await orm.close()
  const known = await look(call)
  await vi.waitFor(async () => {
    expect(idsOf(await look(call))).toEqual(idsOf(known))
    expect(fork.mock.calls.length).toBeGreaterThan(1)
  }, 5_000)
  // What is read from now on is read after Postgres has failed to answer.
  await client.post(`/v1/coupons/${id}/claims`, { token: client.user('bob') })
  await vi.waitFor(async () => {
    expect((await look(call)).find((it) => it.id === id)?.remainingQuantity).toBe(9)
  })
})
