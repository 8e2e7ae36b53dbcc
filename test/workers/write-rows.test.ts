import { expect, it, vi } from 'vitest'
import { databaseOf, inTransaction } from '../../src/db/database.ts'
import { readOutbox } from '../../workers/outbox-entries.ts'
import { rowsOf } from '../../workers/outbox-rows.ts'
import { writeRows } from '../../workers/write-rows.ts'
import { value } from '../support/sale.ts'
import { openBooks } from './books.ts'

const books = await openBooks()
const shop = await books.openShop()

it('asks Postgres nothing but what claims, orders and payments need where a batch has only those', async () => {
  const optionId = await shop.option()
  const couponId = await shop.coupon()
  value(await shop.charge('ann', 9_000))
  const earlier = value(await shop.order('ann', { [optionId]: 1 }))
  await shop.drain()
  const { userCouponId } = value(await shop.claim(couponId, 'ann'))
  value(await shop.order('ann', { [optionId]: 2 }, { userCouponId, pay: true }))
  value(await shop.pay('ann', earlier.id))

  const rows = rowsOf(await readOutbox(books.redis, shop.shop, {}))
  const statements = await inTransaction(databaseOf(books.orm), async (db) => {
    const asked = vi.spyOn(db, 'executeQuery')
    await writeRows(db, shop.shop, rows)
    return asked.mock.calls.map(([query]) => ('sql' in query ? query.sql : ''))
  })
  expect(statements.map((text) => text.split(/\s+/, 3).join(' '))).toEqual([
    'insert into users',
    'update product_options as',
    'insert into product_stock_history',
    'update coupons as',
    'insert into user_coupons',
    'insert into coupon_history',
    'insert into orders',
    'update orders as',
    'insert into order_items',
    'insert into payments',
    'insert into balance_history',
    'insert into balances',
  ])
})
