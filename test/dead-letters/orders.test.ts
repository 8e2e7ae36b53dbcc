import { beforeEach, describe, expect, it } from 'vitest'
import { findNewestOrders } from '../../src/dead-letters/newest-orders.ts'
import { retryOldest } from '../../src/dead-letters/retry.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { codeOf, value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'
import { refusing } from './refusals.ts'

const books = await openBooks()
let shop: Shop
let option: string

beforeEach(async () => {
  shop = await books.openShop()
  option = await shop.option({ price: 1_000, stock: 5 })
  value(await shop.charge('ann', 5_000))
  await shop.drain()
})

const refuse = (table: string, act: () => Promise<unknown>) =>
  refusing({ books, shop }, { table, allowed: 'false' }, act)
const buyTwo = () => shop.order('ann', { [option]: 2 }, { key: 'the order', pay: true })
const find = async (id: string) =>
  (await findNewestOrders(books.orm.em.fork(), shop.shop, [id]))[0]?.order ?? null

/** Every letter gets its rows, and the books hold, now and when everything hot was loaded anew from them. */
async function expectToBeRetried(count: number) {
  const { results } = await retryOldest({ ...books, shop: shop.shop })
  expect(results.map(({ result }) => result)).toEqual(Array(count).fill('applied'))
  const off = async () => (await verify(books, shop.shop)).checks.flatMap((check) => check.off)
  expect(await off()).toEqual([])
  await rebuildShop({ ...books, shop: shop.shop })
  expect(await off()).toEqual([])
}

/** What is left of the records in Redis when nobody can repeat a request any more. */
async function forgetRecords() {
  for (const name of ['orders', 'operations'] as const) {
    const key = shopKey(shop.shop, name)
    const fields = (await shop.redis.hkeys(key)).filter((field) => field.length >= 22)
    await shop.redis.hdel(key, ...fields)
  }
}

describe('an order whose last event is a dead letter', () => {
  it('is what was decided, for whoever asks for it, repeats it or pays it again', async () => {
    let id = ''
    await refuse('orders', async () => {
      id = value(await buyTwo()).id
    })
    expect(await shop.rows('orders')).toEqual([])
    expect(await find(id)).toMatchObject({ id, status: 'COMPLETED', finalAmount: 2_000 })
    expect(await buyTwo()).toMatchObject({ ok: true, replayed: true, value: { id } })
    expect(await shop.pay('ann', id)).toMatchObject({ ok: true, replayed: true })
    expect(codeOf(await shop.cancel('ann', id))).toBe('order_completed')
    await expectToBeRetried(1)
    expect(await find(id)).toMatchObject({ id, status: 'COMPLETED' })
  })

  it('is paid, though its row says that it waits for its payment', async () => {
    const { id } = value(await shop.order('ann', { [option]: 1 }))
    await shop.drain()
    await refuse('payments', () => shop.pay('ann', id))
    expect(await shop.rows('orders', 'status')).toEqual([{ status: 'PENDING' }])
    expect(await shop.pay('ann', id)).toMatchObject({ ok: true, value: { status: 'COMPLETED' } })
    await expectToBeRetried(1)
  })

  it('is paid back, and the refund gets its rows with it', async () => {
    let id = ''
    await refuse('orders', async () => {
      id = value(await buyTwo()).id
    })
    expect(await shop.refund(id, { [`${id}.1`]: 1 })).toMatchObject({
      ...{ ok: true, value: { amount: 1_000 } },
    })
    expect(await shop.drain()).toMatchObject({ events: 1, deadLetters: 1 })
    expect(await find(id)).toMatchObject({ refundedAmount: 1_000 })
    await expectToBeRetried(2)
    expect(await shop.rows('orders', 'refunded_amount')).toEqual([{ refunded_amount: '1000' }])
  })

  it('is not paid back twice, also when Redis remembers neither the order nor the refund', async () => {
    const { id } = value(await buyTwo())
    await shop.drain()
    await refuse('refunds', () => shop.refund(id))
    await forgetRecords()
    expect(codeOf(await shop.refund(id))).toBe('nothing_to_refund')
    expect(await shop.balance('ann')).toBe(5_000)
    await expectToBeRetried(1)
    expect(codeOf(await shop.refund(id))).toBe('nothing_to_refund')
  })

  it('is as its rows say once the shop was rebuilt without the letter', async () => {
    const { id } = value(await buyTwo())
    await shop.drain()
    await refuse('refunds', () => shop.refund(id))
    await rebuildShop({ ...books, shop: shop.shop })
    expect(await find(id)).toMatchObject({ status: 'COMPLETED' })
    value(await shop.refund(id))
    expect(await shop.balance('ann')).toBe(5_000)
  })
})
