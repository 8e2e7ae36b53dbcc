import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { databaseOf } from '../../../src/db/database.ts'
import { limits } from '../../../src/limits.ts'
import { loadedKeyNames, salesKey, sentinel } from '../../../src/redis/keys.ts'
import { verify } from '../../../src/verify/verify.ts'
import { loadShop } from '../../../workers/rebuild/load-shop.ts'
import { codeOf, value } from '../../support/sale.ts'
import { openBooks } from '../books.ts'
import { runEventfulSale } from './eventful-sale.ts'
import { hotContent, loadBeside } from './loaded.ts'

const books = await openBooks()
const sale = await runEventfulSale(books)
const hours = (count: number) => count * 3_600_000

/** Makes pages and commands so short that every part of the sale takes several. */
function shortenPages() {
  const { rebuildRowsMax, rebuildRecordsMax, rebuildFieldsMax, rebuildCommandLengthMax } = limits
  const { rebuildCollectedMax } = limits
  const usual = { rebuildRowsMax, rebuildRecordsMax, rebuildFieldsMax, rebuildCommandLengthMax }
  onTestFinished(() => void Object.assign(limits, { ...usual, rebuildCollectedMax }))
  Object.assign(limits, { rebuildRowsMax: 3, rebuildRecordsMax: 2, rebuildFieldsMax: 5 })
  Object.assign(limits, { rebuildCollectedMax: 4 })
}

describe('the hot state that is loaded from Postgres', () => {
  it('is what it was, to the last field', async () => {
    const before = await hotContent(sale)
    const loaded = await loadBeside(books, sale)
    expect(await loaded.content()).toEqual(before)
    await loaded.drop()
  })

  it('is the same, in however many pages it is read and commands it is written', async () => {
    const before = await hotContent(sale)
    shortenPages()
    const loaded = await loadBeside(books, sale)
    expect(await loaded.content()).toEqual(before)
    Object.assign(limits, { rebuildCommandLengthMax: 40 })
    await loaded.drop()
    const again = await loadBeside(books, sale)
    expect(await again.content()).toEqual(before)
    await again.drop()
  })

  it('has every key with its sentinel, also of a shop where nothing has happened', async () => {
    const shop = await books.openShop()
    const before = await hotContent(shop)
    expect(Object.keys(before)).toHaveLength(loadedKeyNames.length)
    const loaded = await loadBeside(books, shop)
    expect(await loaded.content()).toEqual(before)
    expect(loaded.counts).toEqual(Object.fromEntries(loadedKeyNames.map((name) => [name, 0])))
  })

  it('does not have what has left Redis by then, but every order that is pending', async () => {
    const before = await hotContent(sale)
    shortenPages()
    const later = await loadBeside(books, sale, new Date(Date.now() + hours(26)))
    const content = await later.content()
    const fieldsOf = (name: string) => content[`{${sale.shop}}:${name}`] as Record<string, unknown>
    expect(fieldsOf('operations')).toEqual({ [sentinel]: '1' })
    const { held, late } = sale.orders
    expect(fieldsOf('orders')).toEqual({
      [sentinel]: '1',
      [held.id.slice(11)]: expect.objectContaining({ id: held.id, status: 'PENDING' }),
    })
    for (const name of ['holds', 'purchases', 'claims', 'balances', 'options'] as const) {
      expect(fieldsOf(name)).toEqual(before[`{${sale.shop}}:${name}`])
    }
    await later.drop()

    const dayOfLate = salesKey(sale.shop, new Date(late.orderedAt - hours(4 * 24)))
    expect(content).toHaveProperty([dayOfLate])
    const inAMonth = await loadBeside(books, sale, new Date(Date.now() + hours(28 * 24)))
    const { [dayOfLate]: _, ...others } = before
    expect(Object.keys(await inAMonth.content()).sort()).toEqual(Object.keys(others).sort())
    await inAMonth.drop()
  })

  it('is of one moment, whatever is written to Postgres while it is loaded', async () => {
    const before = await hotContent(sale)
    const db = databaseOf(books.orm)
    const change = (amount: number) =>
      sql`update balances set amount = amount + ${amount} where shop = ${sale.shop}`.execute(db)
    let changed: Promise<unknown> | undefined
    let times = 0
    const loaded = await loadBeside(books, sale, new Date(), (name) => {
      // The first time it is only opened; balances come much later.
      if (name === 'products' && ++times === 2) changed = change(1)
    })
    expect(await changed).toBeDefined()
    const content = await loaded.content()
    await change(-1)
    expect(content).toEqual(before)
    await loaded.drop()
  })

  it('is not taken for complete where Redis refused a part of it', async () => {
    const { redis, shop } = sale
    const key = `{${shop}}:in-the-way`
    await redis.set(key, 'text')
    const db = databaseOf(books.orm)
    const keyOf = () => key
    await expect(loadShop({ redis, db, shop, keyOf, epoch: 1, now: new Date() })).rejects.toThrow(
      /WRONGTYPE/,
    )
    await redis.del(key)
  })

  it('refuses what it cannot recognize, where an earlier version kept no hash of a request', async () => {
    const shop = await books.openShop()
    const option = await shop.option()
    const [first, second] = [await shop.option(), await shop.option()].sort() as [string, string]
    value(await shop.charge('ann', 5_000, { key: 'charge' }))
    value(await shop.adjust(option, 1, { key: 'adjustment' }))
    const order = value(await shop.order('ann', { [option]: 1 }, { key: 'order', pay: true }))
    value(await shop.refund(order.id, {}, { key: 'refund' }))
    value(await shop.setCart('ann', second, 1))
    value(await shop.setCart('ann', first, 1))
    await shop.drain()
    const db = databaseOf(books.orm)
    for (const table of ['balance_history', 'product_stock_history', 'refunds']) {
      await sql`update ${sql.table(table)} set fingerprint = null where shop = ${shop.shop}`.execute(
        db,
      )
    }
    await sql`update product_stock_history set operation_id = null where shop = ${shop.shop}`.execute(
      db,
    )
    await sql`update cart_items set event_id = null,
      created_at = created_at - case when option_id = ${second} then interval '1 s' else '0' end
      where shop = ${shop.shop}`.execute(db)

    await (await loadBeside(books, shop)).install()
    const balance = await shop.balance('ann')
    const reused = 'idempotency_key_reused'
    expect(codeOf(await shop.charge('ann', 5_000, { key: 'charge' }))).toBe(reused)
    expect(codeOf(await shop.refund(order.id, {}, { key: 'refund' }))).toBe(reused)
    expect(await shop.balance('ann')).toBe(balance)
    expect(codeOf(await shop.adjust(option, 1, { key: 'adjustment' }))).toBe('ok')
    expect(await shop.cart('ann')).toEqual([
      [second, 1],
      [first, 1],
    ])
  })

  it('answers every repeated request as before, and sells on', async () => {
    const { requests, orders, products, ...shop } = sale
    const before = []
    for (const { name, ask } of requests) {
      const answer = await ask()
      expect(answer, name).toMatchObject({ ok: true, replayed: true })
      before.push(answer)
    }
    const events = await shop.backlog()
    await (await loadBeside(books, sale)).install()
    for (const [index, { name, ask, hasKey }] of requests.entries()) {
      expect(await ask(), name).toEqual(before[index])
      if (hasKey) expect(codeOf(await ask({ body: 'x' })), name).toBe('idempotency_key_reused')
    }
    expect(await shop.backlog()).toBe(events)

    value(await shop.pay('fay', orders.held.id))
    value(await shop.refund(orders.held.id))
    expect(codeOf(await shop.refund(orders.late.id, { [`${orders.late.id}.1`]: 2 }))).toBe(
      'nothing_to_refund',
    )
    value(await shop.refund(orders.late.id))
    value(await shop.order('gus', 'cart', { pay: true }))
    const tooMany = await shop.order('gus', { [products.mug]: 30 })
    expect(codeOf(tooMany)).toBe('per_user_limit')
    await shop.drain()
    expect((await verify(books, shop.shop)).checks.filter(({ ok }) => !ok)).toEqual([])
  })
})
