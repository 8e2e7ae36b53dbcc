import { expect, it } from 'vitest'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { value } from '../support/sale.ts'
import { findOrder } from '../support/stored-orders.ts'
import { openBooks } from './books.ts'

const books = await openBooks()
const shop = await books.openShop()
const { migrator } = books.orm
const firstVersion = '0001-flash-sale'

/** Tables of the first version; what their rows say must outlive every migration. */
const tables = [
  ...['users', 'balances', 'balance_history', 'products', 'product_options'],
  ...['product_stock_history', 'coupons', 'user_coupons', 'coupon_history'],
  ...['orders', 'order_items', 'payments'],
]
/** What later versions say of their rows; it is lost on the way back. */
const later: Record<string, string[]> = {
  balance_history: ['fingerprint'],
  product_stock_history: ['operation_id', 'fingerprint', 'stock'],
  orders: ['user_coupon_status', 'event_id'],
  user_coupons: ['event_id'],
}
const content = async () =>
  Object.fromEntries(await Promise.all(tables.map(async (table) => [table, await rowsOf(table)])))

async function rowsOf(table: string) {
  const rows = await shop.rows(table)
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !later[table]?.includes(name))),
  )
}

it('brings the data of the first version along, and back where nothing newer is in it', async () => {
  const { id, options } = await shop.product([{}, { optionValue: 'L' }], { description: 'Red' })
  const optionId = options[0]?.id as string
  const bare = await shop.option()
  const couponId = await shop.coupon({ restoreOnCancel: false, code: 'TEN' })
  const { userCouponId } = value(await shop.claim(couponId, 'ann'))
  value(await shop.charge('ann', 5_000))
  value(await shop.adjust(optionId, 5))
  const paid = value(await shop.order('ann', { [optionId]: 2 }, { userCouponId, pay: true }))
  const cancelled = value(await shop.order('bob', { [optionId]: 1 }))
  value(await shop.cancel('bob', cancelled.id))
  const expired = value(await shop.order('bob', { [bare]: 1 }))
  await shop.lapse(expired.id)
  await shop.reap()
  value(await shop.order('cat', { [bare]: 1 }))
  expect(await shop.drain()).toMatchObject({ deadLetters: 0 })
  const before = await content()
  const stored = await findOrder(books.orm.em.fork(), shop.shop, paid.id)

  await migrator.down({ to: firstVersion })
  await expect(shop.rows('product_revisions')).rejects.toThrow(/does not exist/)
  expect((await shop.rows('orders', 'id, status')).length).toBe(4)
  expect(await shop.rows('order_items')).not.toContainEqual(
    expect.objectContaining({ product_revision: 1 }),
  )
  await migrator.up()

  expect(await content()).toEqual(before)
  expect(await findOrder(books.orm.em.fork(), shop.shop, paid.id)).toEqual(stored)
  const revisions = await shop.rows('product_revisions', 'product_id, revision, name, description')
  expect(revisions).toHaveLength(2)
  expect(revisions).toContainEqual({
    product_id: id,
    revision: 1,
    name: 'Trainers',
    description: 'Red',
  })
  const [first] = await shop.rows('product_revisions', 'at')
  const [product] = await shop.rows('products', 'created_at as at')
  expect(first).toEqual(product)
})

it('lets what came from the first version be changed and refunded', async () => {
  const [item] = await shop.rows('order_items', 'order_id, id, product_id, quantity')
  const [paid] = await shop.rows('payments', 'order_id as id')
  // Redis knows events of which these rows do not say any more that they are their last.
  await rebuildShop({ ...books, shop: shop.shop })
  value(await shop.updateProduct(item?.product_id as string, { description: 'Blue' }))
  value(await shop.refund(paid?.id as string))
  expect(await shop.drain()).toMatchObject({ events: 2, deadLetters: 0 })
  expect(await shop.rows('orders', 'status, id')).toContainEqual({
    id: paid?.id,
    status: 'REFUNDED',
  })
  expect(await shop.rows('product_revisions', 'revision')).toHaveLength(3)
})

it('stays where it is when it holds what the first version cannot', async () => {
  const before = await content()
  await expect(migrator.down({ to: firstVersion })).rejects.toThrow(/product_stock_history/)
  expect(await content()).toEqual(before)
  expect(await shop.rows('refunds', 'id')).toHaveLength(1)
})
