import { sql } from 'kysely'
import { databaseOf } from '../../src/db/database.ts'
import { takeSnapshot } from '../../src/db/rankings.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { value } from '../support/sale.ts'
import { findOrder } from '../support/stored-orders.ts'
import type { Books, Shop } from '../workers/books.ts'
import { useEverything } from './use-everything.ts'

export type CleanSale = Awaited<ReturnType<typeof runCleanSale>>

/** A sale that uses everything, all of it in Postgres, and short ways to spoil one fact of it. */
export async function runCleanSale(books: Books) {
  const shop = await books.openShop()
  const { ids, orders } = await orderInEveryState(shop)
  const more = await useEverything(shop)
  const past = await orderYesterday(shop)
  await shop.drain()

  const key = (name: Parameters<typeof shopKey>[1]) => shopKey(shop.shop, name)
  /** Runs an UPDATE, DELETE or INSERT that must meet exactly one row. `$shop` stands for the shop. */
  async function spoilRow(statement: string) {
    const text = statement.replaceAll('$shop', `'${shop.shop}'`)
    const { numAffectedRows } = await sql.raw(text).execute(books.orm.em.getKysely())
    if (numAffectedRows !== 1n) throw new Error(`It met ${numAffectedRows} rows: ${text}`)
  }

  await spoilRow(`update payments set paid_at = to_timestamp(${past.paidAt / 1_000})
    where shop = $shop and order_id = '${past.order.id}'`)
  for (const daysAgo of [3, 2, 1]) {
    await takeSnapshot(databaseOf(books.orm), shop.shop, dateOf(daysAgo))
  }
  // What was paid back after the snapshot is in the live ranking only.
  value(await shop.refund(past.order.id, { [`${past.order.id}.1`]: 1 }))

  // An order that has left Redis comes back with its refund.
  const late = orders.late
  await shop.redis.hdel(key('orders'), late.id.slice(11))
  value(await shop.refund(late.id, { [`${late.id}.1`]: 1 }, { storedOrder: late }))
  await shop.drain()

  return {
    ...shop,
    ids: { ...ids, ...more.catalog, ...more.coupons, ...past.products },
    orders: { ...orders, ...more.orders },
    verify: (options?: Parameters<typeof verify>[2]) => verify(books, shop.shop, options),
    /** A key of the shop, for the hand that spoils it. */
    key,
    spoilRow,
    /** Keeps a finished order as a whole, as earlier versions did, at its field of `orders` or `operations`. */
    async keepWhole(name: 'orders' | 'operations', orderId: string) {
      const order = await findOrder(books.orm.em.fork(), shop.shop, orderId)
      const field = name === 'orders' ? orderId.slice(11) : orderId
      await shop.redis.hset(key(name), field, JSON.stringify(order))
    },
    /** Changes a JSON record of a hash. */
    async spoilRecord(
      name: Parameters<typeof shopKey>[1],
      field: string,
      changes: object | ((record: Record<string, unknown>) => object),
    ) {
      const record = JSON.parse((await shop.redis.hget(key(name), field)) as string)
      const changed = typeof changes === 'function' ? changes(record) : changes
      await shop.redis.hset(key(name), field, JSON.stringify({ ...record, ...changed }))
    },
  }
}

async function orderInEveryState(shop: Shop) {
  const shirt = await shop.option({ price: 1_000, stock: 20, perUserLimit: 5 })
  const cap = await shop.option({ price: 300, stock: 5 })
  const coupon = await shop.coupon({ totalQuantity: 10 })
  const lostOnCancel = await shop.coupon({ restoreOnCancel: false })
  for (const user of ['ann', 'bob', 'cat']) {
    value(await shop.charge(user, 10_000))
    value(await shop.claim(coupon, user))
    value(await shop.claim(lostOnCancel, user))
  }
  value(await shop.adjust(shirt, -2))

  const userCoupon = (rank: number) => ({ userCouponId: `${coupon}.${rank}` })
  const paid = value(await shop.order('ann', { [shirt]: 2, [cap]: 1 }, { pay: true }))
  const withCoupon = value(await shop.order('ann', { [shirt]: 1 }, { ...userCoupon(1), pay: true }))
  const pending = value(await shop.order('bob', { [shirt]: 1, [cap]: 2 }, userCoupon(2)))
  const paidLater = value(await shop.order('cat', { [shirt]: 1 }, userCoupon(3)))
  value(await shop.pay('cat', paidLater.id))
  const cancelled = value(
    await shop.order('cat', { [cap]: 1 }, { userCouponId: `${lostOnCancel}.3` }),
  )
  value(await shop.cancel('cat', cancelled.id))
  const expired = value(await shop.order('cat', { [shirt]: 3 }))
  await shop.lapse(expired.id)
  await shop.reap()
  const late = value(await shop.order('cat', { [shirt]: 3 }, { pay: true }))
  return {
    ids: { shirt, cap, coupon },
    orders: { paid, withCoupon, pending, paidLater, cancelled, expired, late },
  }
}

/** An order of two products, as many of the one as of the other, that Redis takes for one of yesterday. */
async function orderYesterday(shop: Shop) {
  const boots = await shop.option()
  const socks = await shop.option()
  value(await shop.charge('yves', 10_000))
  const order = value(await shop.order('yves', { [boots]: 2, [socks]: 2 }, { pay: true }))
  const paidAt = Date.parse(`${dateOf(1)}T12:00:00Z`)
  await shop.backdate(order.id, paidAt)
  const products = { boots: await shop.productOf(boots), socks: await shop.productOf(socks) }
  return { order, paidAt, products }
}

/** A UTC day before today as YYYY-MM-DD. */
export function dateOf(daysAgo: number): string {
  return new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10)
}
