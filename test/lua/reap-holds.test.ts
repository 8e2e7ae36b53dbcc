import { beforeEach, describe, expect, it } from 'vitest'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { limits } from '../../src/limits.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('reap-holds', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option({ stock: 1_000 })
  })

  it('backlog_full: leaves for later what Postgres could not remember', async () => {
    await sale.lapse(value(await sale.order('ada', { [option]: 1 })).id)
    const full = sale.engineWith({ backlogMax: 0 })
    expect(await reapHolds(full, { shop: sale.shop })).toEqual({ reaped: 0, more: false })
    expect((await sale.units(option)).held).toBe(1)
  })

  it('reaped: expires what has lapsed and nothing else', async () => {
    const lapsed = value(await sale.order('ada', { [option]: 2 }))
    await sale.order('bob', { [option]: 3 })
    await sale.lapse(lapsed.id)
    expect(await reapHolds(sale.engine, { shop: sale.shop })).toEqual({ reaped: 1, more: false })
    expect(await sale.units(option)).toEqual({ free: 997, held: 3, sold: 0 })
    expect((await sale.events()).at(-1)).toMatchObject({
      type: 'order_expired',
      data: { id: lapsed.id, status: 'EXPIRED' },
    })
  })

  it('reaped: does a bounded part and says that more is left', async () => {
    const orders = await Promise.all(
      Array.from({ length: limits.reapedHoldsMax + 1 }, (_, user) =>
        sale.order(`user-${user}`, { [option]: 1 }).then(value),
      ),
    )
    for (const order of orders) await sale.lapse(order.id)
    expect(await reapHolds(sale.engine, { shop: sale.shop })).toEqual({
      reaped: limits.reapedHoldsMax,
      more: true,
    })
    expect(await reapHolds(sale.engine, { shop: sale.shop })).toEqual({ reaped: 1, more: false })
  })
})
