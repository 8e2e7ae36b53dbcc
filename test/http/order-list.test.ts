import { describe, expect, it } from 'vitest'
import { shopKey } from '../../src/redis/keys.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { user, get, post, placeOrder } = client
const option = await client.option({ stock: 100, price: 0 })
const dear = await client.option({ stock: 100, price: 10 })

const place = async (userId: string, optionId = dear): Promise<string> =>
  (await placeOrder(userId, { items: [{ optionId, quantity: 1 }] })).body.id
const drain = () => drainOutbox({ ...client.dependencies, shop: client.shop })

/** All pages of the list, as `id status`. */
async function listAll(userId: string, query: string): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | null = ''
  do {
    const path: string = `/v1/me/orders?${query}${cursor && `&cursor=${cursor}`}`
    const { status, body } = await get(path, user(userId))
    expect(status).toBe(200)
    for (const order of body.items) seen.push(`${order.id} ${order.status}`)
    cursor = body.nextCursor
  } while (cursor)
  return seen
}

/** Newest first. An id begins with the time of its order; orders of the same millisecond stand in the order of ids. */
const newestFirst = (entries: string[]) => entries.toSorted().reverse()

describe('GET /v1/me/orders', () => {
  it('lists each order once, newest first, with its newest status, on pages of any size', async () => {
    const ids: string[] = []
    // Stored and settled, stored and changed since, and not stored at all, mixed in time.
    for (let round = 0; round < 4; round++) {
      ids.push(await place('alice'), await place('alice', option))
    }
    await drain()
    for (const id of [ids[0], ids[4]]) {
      await post(`/v1/orders/${id}/cancel`, { token: user('alice') })
    }
    ids.push(await place('alice'), await place('alice', option))

    const statusOf = (index: number) => {
      if (index === 0 || index === 4) return 'CANCELLED'
      return index % 2 === 1 ? 'COMPLETED' : 'PENDING'
    }
    const expected = newestFirst(ids.map((id, index) => `${id} ${statusOf(index)}`))
    for (const limit of [1, 2, 3, 5, 100]) {
      expect(await listAll('alice', `limit=${limit}`)).toEqual(expected)
      for (const status of ['PENDING', 'COMPLETED', 'CANCELLED', 'EXPIRED']) {
        expect(await listAll('alice', `limit=${limit}&status=${status}`)).toEqual(
          expected.filter((entry) => entry.endsWith(status)),
        )
      }
    }
    await drain()
    expect(await listAll('alice', 'limit=3')).toEqual(expected)
  })

  it.each(['pending in Postgres', 'not in Postgres yet'])(
    'shows an order as expired once its deadline has passed, with no sweep: %s',
    async (when) => {
      const userId = when.replaceAll(' ', '-')
      const kept = await place(userId)
      const call = client.callWith({ engine: client.engineWith({ holdMs: 0 }) })
      const body = { items: [{ optionId: dear, quantity: 1 }] }
      const placeLapsed = async (key: string): Promise<string> => {
        const order = await call('POST', '/v1/orders', { token: user(userId), key, body })
        if (when === 'pending in Postgres') await drain()
        return order.body.id
      }

      const first = await placeLapsed('first')
      expect(await listAll(userId, 'status=EXPIRED')).toEqual([`${first} EXPIRED`])
      const second = await placeLapsed('second')
      expect(await listAll(userId, 'status=PENDING')).toEqual([`${kept} PENDING`])
      const expected = newestFirst([`${first} EXPIRED`, `${second} EXPIRED`, `${kept} PENDING`])
      expect(await listAll(userId, 'limit=2')).toEqual(expected)
      await drain()
      expect(await listAll(userId, 'limit=2')).toEqual(expected)
    },
  )

  it.each(['not in Postgres yet', 'in Postgres as it was', 'in Postgres only'])(
    'shows a refunded order as such, and only once: %s',
    async (where) => {
      const userId = `refunded-${where.replaceAll(' ', '-')}`
      const [whole, kept] = [await place(userId, option), await place(userId, option)]
      if (where !== 'not in Postgres yet') await drain()
      if (where === 'in Postgres only') {
        await client.redis.hdel(shopKey(client.shop, 'orders'), whole.slice(11), kept.slice(11))
      }
      const refund = { token: client.admin, key: `refund-${whole}` }
      expect((await post(`/v1/orders/${whole}/refunds`, refund)).status).toBe(201)

      const expected = newestFirst([`${whole} REFUNDED`, `${kept} COMPLETED`])
      expect(await listAll(userId, 'limit=1')).toEqual(expected)
      expect(await listAll(userId, 'status=COMPLETED')).toEqual([`${kept} COMPLETED`])
      await drain()
      expect(await listAll(userId, 'limit=1')).toEqual(expected)
      expect(await listAll(userId, 'status=REFUNDED')).toEqual([`${whole} REFUNDED`])
    },
  )

  it('shows nobody the orders of others', async () => {
    await place('bob')
    expect(await listAll('carol', 'limit=10')).toEqual([])
  })

  it.each(['status=DONE', 'limit=0', 'limit=101', 'limit=1.5', 'cursor=%00', 'cursor=abc', 'x=1'])(
    'refuses %s',
    async (query) => {
      expect(await get(`/v1/me/orders?${query}`, user('alice'))).toMatchObject({
        status: 400,
        code: 'invalid_request',
        body: { errors: [{ path: query.split('=')[0] }] },
      })
    },
  )
})
