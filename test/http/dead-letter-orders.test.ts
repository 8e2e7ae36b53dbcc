import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { ensureShop } from '../../src/db/shops.ts'
import { drainOutbox } from '../../workers/drain-outbox.ts'
import { openClient } from './client.ts'

const client = await openClient()
const { orm, redis } = client.dependencies
const db = databaseOf(orm)

it('an accepted order is there, repeatable and can be paid back while Postgres refuses its rows', async () => {
  await ensureShop(db, client.shop)
  const option = await client.option({ price: 500 })
  await client.credit('ann', 500)
  await sql.raw('alter table orders add constraint of_somebody check (false)').execute(db)
  const body = { items: [{ optionId: option, quantity: 1 }], pay: true }
  const placed = await client.placeOrder('ann', body, 'once')
  expect(placed.status).toBe(201)
  const { id } = placed.body
  expect(await drainOutbox({ orm, redis, shop: client.shop })).toMatchObject({ deadLetters: 1 })

  const read = await client.get(`/v1/orders/${id}`, client.user('ann'))
  expect(read).toMatchObject({ status: 200, body: placed.body })
  const again = await client.placeOrder('ann', body, 'once')
  expect(again).toMatchObject({ status: 200, body: placed.body })
  const path = `/v1/orders/${id}/refunds`
  const refund = await client.post(path, { token: client.admin, key: 'back', body: {} })
  expect(refund).toMatchObject({ status: 201, body: { amount: 500, orderStatus: 'REFUNDED' } })

  const letters = await client.get('/v1/dead-letters', client.admin)
  expect(letters.body.items).toMatchObject([{ type: 'order_placed', orderId: id }])
})
