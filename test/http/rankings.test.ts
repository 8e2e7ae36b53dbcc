import { sql } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { snapshotRankings } from '../../workers/snapshot-rankings.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { get, admin, user, post, placeOrder } = client
const { orm } = client.dependencies
const dayMs = 86_400_000
const dayOf = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10)
const yesterdayMs = Date.now() - dayMs

/** Products that sold 5, 3 and 2 units yesterday, of which one was refunded. */
const names = ['Boots', 'Caps', 'Ties']
const sold: { productId: string; orderId: string }[] = []
await client.credit('alice', 1_000_000)
for (const [index, quantity] of [5, 3, 3].entries()) {
  const { id, options } = await client.product([{}], { name: names[index] as string })
  const items = [{ optionId: options[0]?.id, quantity }]
  const { body } = await placeOrder('alice', { items, pay: true })
  sold.push({ productId: id, orderId: body.id })
}
const refund = (orderId: string, quantity: number, key: string) =>
  post(`/v1/orders/${orderId}/refunds`, {
    token: admin,
    key,
    body: { items: [{ orderItemId: `${orderId}.1`, quantity }] },
  })
await refund(sold[2]?.orderId as string, 1, 'early')
await drainOutbox({ ...client.dependencies, shop: client.shop })
const at = new Date(yesterdayMs)
await sql`update orders set ordered_at = ${at}`.execute(databaseOf(orm))
await sql`update payments set paid_at = ${at}`.execute(databaseOf(orm))
await snapshotRankings(client.dependencies)

const ranking = (query = '') => get(`/v1/rankings${query}`, user('anybody'))
const items = [
  { rank: 1, productId: sold[0]?.productId, name: 'Boots', salesCount: 5 },
  { rank: 2, productId: sold[1]?.productId, name: 'Caps', salesCount: 3 },
  { rank: 3, productId: sold[2]?.productId, name: 'Ties', salesCount: 2 },
]

describe('GET /v1/rankings', () => {
  it('shows the snapshot of yesterday, or of the day that is asked for, and says whose days', async () => {
    const expected = { date: dayOf(yesterdayMs), timeZone: 'UTC', items, nextCursor: null }
    expect(await ranking()).toMatchObject({ status: 200, body: expected })
    expect((await ranking(`?date=${dayOf(yesterdayMs)}`)).body).toEqual(expected)
  })

  it('goes on page by page', async () => {
    const { body } = await ranking('?limit=2')
    expect(body.items).toEqual(items.slice(0, 2))
    const next = await ranking(`?limit=2&cursor=${body.nextCursor}`)
    expect(next.body).toMatchObject({ items: items.slice(2), nextCursor: null })
  })

  it('is not changed by a later refund', async () => {
    await refund(sold[0]?.orderId as string, 5, 'late')
    await drainOutbox({ ...client.dependencies, shop: client.shop })
    await snapshotRankings(client.dependencies)
    expect((await ranking()).body.items).toEqual(items)
  })

  it('asks Postgres once for all who look within a blink, whatever is accepted meanwhile', async () => {
    const asked = vi.spyOn(orm.em, 'fork')
    // Time stands still, so that no copy becomes too old.
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      for (let look = 0; look < 5; look++) {
        await client.credit('bob', 1)
        expect((await ranking('?limit=1')).status).toBe(200)
      }
      expect(asked).toHaveBeenCalledTimes(1)
    } finally {
      vi.useRealTimers()
      asked.mockRestore()
    }
  })

  it('is empty for a day without a snapshot', async () => {
    const today = dayOf(Date.now())
    expect((await ranking(`?date=${today}`)).body).toEqual({
      date: today,
      timeZone: 'UTC',
      items: [],
      nextCursor: null,
    })
  })

  it.each([
    '2026-13-01',
    '2026-02-30',
    '2026-2-3',
    'today',
    '',
    '0000-01-01',
    '1969-12-31',
    '3000-01-01',
  ])('refuses the date %j', async (date) => {
    expect(await ranking(`?date=${date}`)).toMatchObject({
      status: 400,
      code: 'invalid_request',
      body: { errors: [{ path: 'date' }] },
    })
  })
})
