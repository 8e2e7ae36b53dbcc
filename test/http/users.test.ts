import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { openClient, tokenOf } from './client.ts'

const client = await openClient()
const { admin, user, get, post } = client

describe('POST /v1/users', () => {
  it('creates a user, with and without an email address', async () => {
    const body = { id: 'alice', name: 'Alice', email: 'alice@example.com' }
    const created = await post('/v1/users', { token: admin, body })
    expect(created).toMatchObject({ status: 201, body })
    const bob = await post('/v1/users', { token: admin, body: { id: 'bob', name: 'Bob' } })
    expect(bob).toMatchObject({ status: 201, body: { id: 'bob', name: 'Bob', email: null } })
  })

  it('refuses an id before an email address that is taken', async () => {
    const body = { id: 'alice', name: 'Other', email: 'alice@example.com' }
    expect(await post('/v1/users', { token: admin, body })).toMatchObject({
      status: 409,
      code: 'user_exists',
    })
    const other = { ...body, id: 'alice2', email: 'ALICE@example.com' }
    expect(await post('/v1/users', { token: admin, body: other })).toMatchObject({
      status: 409,
      code: 'email_taken',
    })
  })
})

describe('a shop that is not open', () => {
  it('gets no users: nothing is stored', async () => {
    const closed = await openClient()
    const request = {
      token: closed.admin,
      body: { id: 'zoe', name: 'Zoe', email: 'z@example.com' },
    }
    const refused = { status: 503, code: 'shop_closed' }
    await closed.redis.hset(shopKey(closed.shop, 'meta'), 'state', 'closed')
    expect(await closed.post('/v1/users', request)).toMatchObject(refused)
    const nowhere = tokenOf('operator', { shop: 'never-opened', role: 'admin' })
    const unknown = await closed.post('/v1/users', { ...request, token: nowhere })
    expect(unknown).toMatchObject(refused)
    expect(unknown.headers.get('retry-after')).toBe('5')

    await closed.redis.hset(shopKey(closed.shop, 'meta'), 'state', 'open')
    await closed.redis.del(shopKey(closed.shop, 'carts'))
    expect(await closed.post('/v1/users', request)).toMatchObject(refused)
    const { rows } = await sql`select * from users`.execute(databaseOf(closed.dependencies.orm))
    expect(rows).toEqual([])
  })
})

describe('GET /v1/me', () => {
  it('answers a user whom nobody created', async () => {
    expect(await get('/v1/me', user('nobody'))).toMatchObject({
      status: 200,
      body: { id: 'nobody', name: null, email: null, balance: 0 },
    })
  })

  it('answers the balance of this moment, with no worker running', async () => {
    await client.credit('alice', 250)
    expect(await get('/v1/me', user('alice'))).toMatchObject({
      body: { id: 'alice', name: 'Alice', email: 'alice@example.com', balance: 250 },
    })
    expect((await get('/v1/me/balance', user('alice'))).body).toEqual({ balance: 250 })
  })
})

describe('GET /v1/users/{id}', () => {
  it('answers users that exist, and those who have only a balance so far', async () => {
    expect(await get('/v1/users/bob', admin)).toMatchObject({
      status: 200,
      body: { id: 'bob', name: 'Bob', balance: 0 },
    })
    await client.credit('carol', 5)
    expect((await get('/v1/users/carol', admin)).body).toEqual({
      id: 'carol',
      name: null,
      email: null,
      balance: 5,
    })
  })

  it('answers 404 for a user whom nobody knows', async () => {
    expect(await get('/v1/users/nobody', admin)).toMatchObject({
      status: 404,
      code: 'user_not_found',
    })
    expect(await get('/v1/users/nobody/balance/history', admin)).toMatchObject({
      status: 404,
      code: 'user_not_found',
    })
  })
})
