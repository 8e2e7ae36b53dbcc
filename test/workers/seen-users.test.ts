import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import type { ChargeRecord } from '../../src/domain/events.ts'
import { openSeenUsers } from '../../workers/seen-users.ts'
import { value } from '../support/sale.ts'
import { openBooks } from './books.ts'

const books = await openBooks()

it('asks Postgres once for each user, until it forgets what it has seen', async () => {
  const shop = await books.openShop()
  const seenUsers = openSeenUsers()
  const users = () => shop.rows('users', 'id')
  value(await shop.charge('ann', 1))
  await shop.drain({ seenUsers })
  // By this the test sees that nobody asks: in a shop that runs nothing deletes a user.
  await sql`delete from users where shop = ${shop.shop}`.execute(databaseOf(books.orm))
  value(await shop.charge('ann', 1))
  value(await shop.charge('bob', 1))
  await shop.drain({ seenUsers })
  expect(await users()).toEqual([{ id: 'bob' }])

  seenUsers.forget()
  value(await shop.charge('ann', 1))
  await shop.drain({ seenUsers })
  expect(await users()).toEqual([{ id: 'ann' }, { id: 'bob' }])
})

it('has not seen a user whose batch was not committed, nor one of another shop', async () => {
  const [shop, other] = [await books.openShop(), await books.openShop()]
  const seenUsers = openSeenUsers()
  value(await shop.charge('ann', 1))
  const [charged] = await shop.events()
  // Postgres refuses both of them together, and then the second one alone.
  await shop.append('balance_charged', charged?.data as ChargeRecord)
  expect(await shop.drain({ seenUsers })).toMatchObject({ events: 2, deadLetters: 1 })
  value(await other.charge('ann', 1))
  await other.drain({ seenUsers })
  expect(await shop.rows('users', 'id')).toEqual([{ id: 'ann' }])
  expect(await other.rows('users', 'id')).toEqual([{ id: 'ann' }])
})
