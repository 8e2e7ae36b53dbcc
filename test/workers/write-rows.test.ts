import { expect, it, vi } from 'vitest'
import { inBulkTransaction } from '../../src/db/bulk-transaction.ts'
import { rowsOf } from '../../src/rows/outbox-rows.ts'
import { writeRows } from '../../src/rows/write-rows.ts'
import { readOutbox } from '../../workers/outbox-entries.ts'
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
  const statements = await inBulkTransaction(books.orm, async (transaction) => {
    const ran = vi.spyOn(transaction, 'run')
    const appended = vi.spyOn(transaction, 'append')
    await writeRows(transaction, shop.shop, rows)
    const calls = [ran, appended].flatMap(({ mock }) =>
      mock.calls.map(([text], index) => ({ text, at: mock.invocationCallOrder[index] as number })),
    )
    return calls.sort((a, b) => a.at - b.at).map(({ text }) => text)
  })
  expect(statements.map((text) => text.split(/ as| \(/, 1)[0])).toEqual([
    'insert into users',
    'update product_options',
    'product_stock_history',
    'update coupons',
    'user_coupons',
    'coupon_history',
    'orders',
    'update orders',
    'order_items',
    'payments',
    'balance_history',
    'update balances',
  ])
})
