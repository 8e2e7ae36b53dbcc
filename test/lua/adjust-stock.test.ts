import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
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
})
