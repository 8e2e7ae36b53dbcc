import { beforeEach, describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { takeSnapshot } from '../../src/db/rankings.ts'
import { retryOldest } from '../../src/dead-letters/retry.ts'
import { verify } from '../../src/verify/verify.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'
import { refusing } from './refusals.ts'

const books = await openBooks()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

/** Makes dead letters of what is refused, lets later events persist, and retries: the later ones' word must stand. */
async function expectLaterToStand(scene: {
  table: string
  allowed: string
  refused: () => Promise<unknown>
  later: () => Promise<unknown>
}) {
  await shop.drain()
  const ids = await refusing({ books, shop }, scene, scene.refused)
  expect(ids.length).toBeGreaterThan(0)
  await scene.later()
  expect(await shop.drain()).toMatchObject({ deadLetters: 0 })
  const { results } = await retryOldest({ ...books, shop: shop.shop })
  expect(results).toEqual(ids.map((id) => ({ id, result: 'applied' })))
  const off = async () => (await verify(books, shop.shop)).checks.flatMap((check) => check.off)
  expect(await off()).toEqual([])
  await rebuildShop({ ...books, shop: shop.shop })
  expect(await off()).toEqual([])
}

describe('a late event leaves what a later one said of', () => {
  it('a balance', async () => {
    await expectLaterToStand({
      table: 'balance_history',
      allowed: 'amount <> 5',
      refused: () => shop.charge('ann', 5),
      later: () => shop.charge('ann', 7),
    })
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '12' }])
  })

  it('the texts of a product', async () => {
    const { id } = await shop.product([{}])
    await expectLaterToStand({
      table: 'product_revisions',
      allowed: "name <> 'Second'",
      refused: () => shop.updateProduct(id, { name: 'Second' }),
      // The same revision again: it began with the event that comes late.
      later: () => shop.updateProduct(id, { status: 'INACTIVE' }),
    })
    expect(await shop.rows('products', 'name, status')).toEqual([
      { name: 'Second', status: 'INACTIVE' },
    ])
    const [began] = await shop
      .rows('product_revisions', 'at, revision')
      .then((all) => all.slice(-1))
    const [changed] = await shop.rows('products', 'updated_at')
    expect(began?.at).not.toEqual(changed?.updated_at)
  })

  it('the price and the terms of an option', async () => {
    const option = await shop.option({ price: 100 })
    await expectLaterToStand({
      table: 'product_price_history',
      allowed: 'new_price <> 200',
      refused: () => shop.updateOption(option, { price: 200 }),
      later: () => shop.updateOption(option, { price: 300, perUserLimit: 2 }),
    })
    expect(await shop.rows('product_options', 'price, per_user_limit')).toEqual([
      { price: '300', per_user_limit: 2 },
    ])
  })

  it('a coupon', async () => {
    const coupon = await shop.coupon({ totalQuantity: 10 })
    await expectLaterToStand({
      table: 'coupons',
      allowed: 'total_quantity <> 20',
      refused: () => shop.updateCoupon(coupon, { totalQuantity: 20 }),
      later: () => shop.updateCoupon(coupon, { totalQuantity: 30 }),
    })
    expect(await shop.rows('coupons', 'total_quantity')).toEqual([{ total_quantity: 30 }])
  })

  it('a user coupon', async () => {
    const option = await shop.option({ price: 1_000 })
    const coupon = await shop.coupon()
    const { userCouponId } = value(await shop.claim(coupon, 'ann'))
    value(await shop.charge('ann', 1_000))
    await expectLaterToStand({
      table: 'orders',
      allowed: 'paid_at_once',
      async refused() {
        const { id } = value(await shop.order('ann', { [option]: 1 }, { userCouponId }))
        value(await shop.cancel('ann', id))
      },
      later: () => shop.order('ann', { [option]: 1 }, { userCouponId, pay: true }),
    })
    expect(await shop.rows('user_coupons', 'status')).toEqual([{ status: 'USED' }])
  })

  it('an order that is refunded line by line, but not of the line that nobody else names', async () => {
    const options = [await shop.option({ price: 10 }), await shop.option({ price: 20 })] as const
    value(await shop.charge('ann', 60))
    const { id } = value(
      await shop.order('ann', { [options[0]]: 2, [options[1]]: 2 }, { pay: true }),
    )
    await expectLaterToStand({
      table: 'refunds',
      allowed: 'amount <> 10',
      refused: () => shop.refund(id, { [`${id}.1`]: 1 }),
      later: () => shop.refund(id, { [`${id}.2`]: 1 }),
    })
    expect(await shop.rows('order_items', 'line, refunded_amount')).toEqual([
      { line: 1, refunded_amount: '10' },
      { line: 2, refunded_amount: '20' },
    ])
    expect(await shop.rows('orders', 'refunded_amount')).toEqual([{ refunded_amount: '30' }])
  })

  it('a line of a cart that was taken out, or ordered, or put in again', async () => {
    const [gone, again] = [await shop.option(), await shop.option()]
    await expectLaterToStand({
      table: 'cart_items',
      allowed: 'quantity <> 3',
      async refused() {
        value(await shop.setCart('ann', gone, 3))
        value(await shop.setCart('ann', again, 3))
        value(await shop.setCart('bob', gone, 3))
      },
      async later() {
        value(await shop.setCart('ann', gone, 0))
        value(await shop.setCart('ann', again, 2))
        value(await shop.order('bob', 'cart'))
      },
    })
    expect(await shop.rows('cart_items', 'user_id, option_id, quantity')).toEqual([
      { user_id: 'ann', option_id: again, quantity: 2 },
    ])
  })

  it('a line of a cart that went into a late order and was put in again', async () => {
    const option = await shop.option()
    value(await shop.setCart('ann', option, 1))
    await expectLaterToStand({
      table: 'orders',
      allowed: 'false',
      refused: () => shop.order('ann', 'cart'),
      later: () => shop.setCart('ann', option, 2),
    })
    expect(await shop.rows('cart_items', 'quantity')).toEqual([{ quantity: 2 }])
  })
})

it('what is paid late counts in the ranking of its day, which is taken already', async () => {
  const [sold, late] = [await shop.option(), await shop.option()]
  value(await shop.charge('ann', 9_000))
  value(await shop.order('ann', { [sold]: 2 }, { pay: true }))
  await shop.drain()
  const today = new Date().toISOString().slice(0, 10)
  await refusing({ books, shop }, { table: 'payments', allowed: 'amount <> 3000' }, () =>
    shop.order('ann', { [late]: 3 }, { pay: true }),
  )
  await takeSnapshot(databaseOf(books.orm), shop.shop, today)
  await retryOldest({ ...books, shop: shop.shop })
  const ranking = await shop.rows('product_rankings', 'rank, product_id, sales_count')
  expect(ranking).toEqual([
    { rank: 1, product_id: await shop.productOf(late), sales_count: '3' },
    { rank: 2, product_id: await shop.productOf(sold), sales_count: '2' },
  ])
  const { checks } = await verify(books, shop.shop)
  expect(checks.flatMap(({ off }) => off)).toEqual([])
})
