import { beforeEach, describe, expect, it } from 'vitest'
import { readProduct } from '../../src/engine/reads.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('adjust-stock', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option()
  })

  it('idempotency_key_reused: refuses a key that came with another body', async () => {
    await sale.adjust(option, 1, { key: 'k', body: 1 })
    expect(codeOf(await sale.adjust(option, 2, { key: 'k', body: 2 }))).toBe(
      'idempotency_key_reused',
    )
  })

  it('replayed: adjusts once', async () => {
    const first = value(await sale.adjust(option, 5, { key: 'k' }))
    expect(await sale.adjust(option, 5, { key: 'k' })).toEqual({
      ok: true,
      replayed: true,
      value: first,
    })
    expect((await sale.units(option)).free).toBe(15)
  })

  it('option_not_found: refuses an option that does not exist', async () => {
    expect(codeOf(await sale.adjust('nothing', 1))).toBe('option_not_found')
  })

  it('shop_closed: refuses to take a missing counter for zero', async () => {
    await redis.hdel(shopKey(sale.shop, 'options'), `${option}:free`)
    expect(codeOf(await sale.adjust(option, 1))).toBe('shop_closed')
  })

  it('shop_closed: refuses to put a product on sale of which an option was lost', async () => {
    const { options } = await sale.product([{}, {}], { status: 'OUT_OF_STOCK' })
    const [first, second] = options.map(({ id }) => id) as [string, string]
    await redis.hdel(shopKey(sale.shop, 'options'), second)
    await expectRefusal(sale, 'shop_closed', () => sale.adjust(first, 1))
  })

  it('insufficient_stock: never takes out what is on hold', async () => {
    await sale.order('ada', { [option]: 4 })
    const before = await sale.state()
    expect(codeOf(await sale.adjust(option, -7))).toBe('insufficient_stock')
    expect(await sale.state()).toEqual(before)
    expect(value(await sale.adjust(option, -6)).stock).toBe(0)
  })

  it('insufficient_stock: counts the units of a lapsed hold as free', async () => {
    await sale.lapse(value(await sale.order('ada', { [option]: 4 })).id)
    expect(value(await sale.adjust(option, -10)).stock).toBe(0)
  })

  it('stock_limit: refuses what no counter is meant for', async () => {
    expect(codeOf(await sale.adjust(option, limits.stockMax - 9))).toBe('stock_limit')
    expect(value(await sale.adjust(option, limits.stockMax - 10)).stock).toBe(limits.stockMax)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const full = sale.engineWith({ backlogMax: 0 })
    expect(codeOf(await sale.adjust(option, 1, {}, full))).toBe('backlog_full')
  })

  it('adjusted: tells the free units after the change', async () => {
    const adjustment = value(await sale.adjust(option, -3))
    expect(adjustment).toMatchObject({ optionId: option, change: -3, reason: 'count', stock: 7 })
    expect((await sale.events()).at(-1)).toEqual({ type: 'stock_adjusted', data: adjustment })
  })

  it('adjusted: puts all options of a product on sale again that was said to be out of stock', async () => {
    const { id, options } = await sale.product([{ stock: 0 }, { stock: 3 }], {
      status: 'OUT_OF_STOCK',
      description: 'They run.',
    })
    const [first, second] = options.map((one) => one.id) as [string, string]
    const adjustment = value(await sale.adjust(first, 2, { key: 'k' }))
    expect((await sale.events()).slice(-2)).toEqual([
      {
        type: 'product_updated',
        data: {
          id,
          name: 'Trainers',
          description: 'They run.',
          status: 'ACTIVE',
          revision: 1,
          at: adjustment.at,
        },
      },
      { type: 'stock_adjusted', data: adjustment },
    ])
    expect(await readProduct(redis, sale.shop, id)).toMatchObject({ status: 'ACTIVE' })
    expect(codeOf(await sale.order('ada', { [first]: 1, [second]: 1 }))).toBe('ok')
    // The operator's later word stands: a repeated request is no restock.
    await sale.updateProduct(id, { status: 'OUT_OF_STOCK' })
    expect(await sale.adjust(first, 2, { key: 'k' })).toMatchObject({ replayed: true })
    expect(codeOf(await sale.order('ada', { [first]: 1 }))).toBe('sold_out')
  })

  it('adjusted: lifts no other word, and none where nothing comes in', async () => {
    const out = await sale.option({}, 'OUT_OF_STOCK')
    const inactive = await sale.option({}, 'INACTIVE')
    await sale.adjust(out, -1)
    await sale.adjust(inactive, 1)
    expect(codeOf(await sale.order('ada', { [out]: 1 }))).toBe('sold_out')
    expect(codeOf(await sale.order('ada', { [inactive]: 1 }))).toBe('product_inactive')
  })

  it('adjusted: adds up all of 100 changes at once, and never goes below what is held', async () => {
    await sale.order('ada', { [option]: 5 })
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, number) => sale.adjust(option, number % 4 === 3 ? 2 : -1)),
    )
    const changes = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.change] : []))
    expect(changes.length).toBeLessThan(100)
    const sum = changes.reduce((total, change) => total + change, 0)
    expect(await sale.units(option)).toEqual({ free: 5 + sum, held: 5, sold: 0 })
  })
})
