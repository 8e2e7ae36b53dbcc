import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { listRankings, takeSnapshot } from '../../src/db/rankings.ts'
import { limits } from '../../src/limits.ts'
import { snapshotRankings } from '../../workers/snapshot-rankings.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
const db = () => databaseOf(books.orm)
const dayMs = 86_400_000
/** Midnight of this UTC day. */
const today = Math.floor(Date.now() / dayMs) * dayMs
const dateOf = (daysAgo: number) => new Date(today - daysAgo * dayMs).toISOString().slice(0, 10)
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

const snapshot = () => snapshotRankings(books)
const ranking = async (daysAgo: number) => {
  const page = await listRankings(books.orm.em.fork(), shop.shop, dateOf(daysAgo), { limit: 100 })
  if (page === 'bad_cursor') throw new Error(page)
  return page.items.map(({ rank, productId, salesCount }) => [rank, productId, salesCount])
}
const snapshots = async () =>
  (await shop.rows('ranking_snapshots', 'ranking_date::text as date')).map(({ date }) => date)

/** Sells units of a product and moves the order to a past day, the last millisecond of it unless said otherwise. */
async function sell(
  optionId: string,
  quantity: number,
  daysAgo: number,
  at = today - (daysAgo - 1) * dayMs - 1,
) {
  value(await shop.charge('ann', 1_000 * quantity))
  const order = value(await shop.order('ann', { [optionId]: quantity }, { pay: true }))
  await shop.drain()
  await sql`update orders set ordered_at = to_timestamp(${at}::float8 / 1000)
    where shop = ${shop.shop} and id = ${order.id}`.execute(db())
  await sql`update payments set paid_at = to_timestamp(${at}::float8 / 1000)
    where shop = ${shop.shop} and order_id = ${order.id}`.execute(db())
  return order
}

async function openProducts() {
  const [first, second] = [await shop.option({ stock: 100 }), await shop.option({ stock: 100 })]
  const ids = [await shop.productOf(first), await shop.productOf(second)] as const
  return { options: [first, second] as const, products: ids }
}

describe('the snapshots of rankings', () => {
  it('rank the products of each day by the units that were paid on it', async () => {
    const { options, products } = await openProducts()
    await sell(options[0], 2, 2)
    await sell(options[1], 3, 2)
    await sell(options[0], 4, 1, today - dayMs)
    await sell(options[1], 4, 1)
    await sell(options[1], 9, 0, today)
    await snapshot()
    expect(await ranking(2)).toEqual([
      [1, products[1], 3],
      [2, products[0], 2],
    ])
    const equal = [...products].sort().reverse()
    expect(await ranking(1)).toEqual([
      [1, equal[0], 4],
      [2, equal[1], 4],
    ])
    expect(await snapshots()).toEqual([dateOf(2), dateOf(1)])
  })

  it('take no day twice, however many workers do it at once', async () => {
    const { options, products } = await openProducts()
    await sell(options[0], 2, 1)
    const take = () => takeSnapshot(db(), shop.shop, dateOf(1))
    await Promise.all([snapshot(), snapshot(), snapshot(), take(), take()])
    await take()
    await snapshot()
    expect(await snapshots()).toEqual([dateOf(1)])
    expect(await ranking(1)).toEqual([[1, products[0], 2]])
  })

  it('catch up on missed days, also those on which nothing was sold', async () => {
    const { options, products } = await openProducts()
    await sell(options[0], 2, 4)
    await sell(options[0], 1, 1)
    await snapshot()
    expect(await snapshots()).toEqual([4, 3, 2, 1].map(dateOf))
    expect(await ranking(2)).toEqual([])
    expect(await ranking(1)).toEqual([[1, products[0], 1]])
  })

  it('catch up on a long absence in parts, the oldest days first', async () => {
    const { options } = await openProducts()
    await sell(options[0], 1, limits.snapshotDaysMax + 2)
    await snapshot()
    expect(await snapshots()).toHaveLength(limits.snapshotDaysMax)
    expect(await snapshots()).not.toContain(dateOf(2))
    await snapshot()
    expect(await snapshots()).toContain(dateOf(1))
  })

  it('wait for events of the day that are not drained', async () => {
    const { options, products } = await openProducts()
    await sell(options[0], 2, 2)
    // An event of yesterday that Postgres does not have: the day before is complete, yesterday is not.
    const outbox = `{${shop.shop}}:outbox`
    await books.redis.del(outbox)
    const charge = { id: 'c', fingerprint: 'f', userId: 'ann', amount: 1, beforeAmount: 0, at: 1 }
    const data = JSON.stringify({ ...charge, afterAmount: 1 })
    await books.redis.xadd(outbox, `${today - 5_000}-0`, 'type', 'balance_charged', 'data', data)
    await sql`
      update outbox_watermarks set event_id = 0, stream_id = '0-0' where shop = ${shop.shop}
    `.execute(db())
    await shop.recount()
    await snapshot()
    expect(await snapshots()).toEqual([dateOf(2)])
    expect(await ranking(2)).toEqual([[1, products[0], 2]])
    await shop.drain()
    await snapshot()
    expect(await snapshots()).toEqual([dateOf(2), dateOf(1)])
  })

  it('count what was refunded until then, and stay as they are when more is refunded', async () => {
    const { options, products } = await openProducts()
    const order = await sell(options[0], 5, 1)
    const whole = await sell(options[1], 3, 1)
    value(await shop.refund(order.id, { [`${order.id}.1`]: 2 }))
    value(await shop.refund(whole.id, {}, { restock: false }))
    await shop.drain()
    await snapshot()
    expect(await ranking(1)).toEqual([[1, products[0], 3]])
    value(await shop.refund(order.id))
    await shop.drain()
    await snapshot()
    expect(await ranking(1)).toEqual([[1, products[0], 3]])
  })

  it('keep the days of two shops apart', async () => {
    const other = await books.openShop()
    const { options } = await openProducts()
    await sell(options[0], 2, 1)
    await snapshot()
    expect(await snapshots()).toHaveLength(1)
    expect(await other.rows('ranking_snapshots', 'ranking_date')).toEqual([])
  })

  it('are what popular products of several days are made of', async () => {
    const { options, products } = await openProducts()
    await sell(options[0], 2, 8)
    await sell(options[0], 3, 3)
    await sell(options[0], 4, 1)
    await snapshot()
    const columns =
      'days, product_id, sales_count, start_date::text as start, end_date::text as end'
    expect(await shop.rows('popular_products', columns)).toEqual([
      { days: 1, product_id: products[0], sales_count: '4', start: dateOf(1), end: dateOf(1) },
      { days: 3, product_id: products[0], sales_count: '7', start: dateOf(3), end: dateOf(1) },
      { days: 7, product_id: products[0], sales_count: '7', start: dateOf(7), end: dateOf(1) },
      { days: 30, product_id: products[0], sales_count: '9', start: dateOf(30), end: dateOf(1) },
    ])
  })
})
