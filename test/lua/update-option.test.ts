import { beforeEach, describe, expect, it } from 'vitest'
import { readProduct } from '../../src/engine/reads.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('update-option', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  async function read(optionId: string) {
    const product = await readProduct(redis, sale.shop, await sale.productOf(optionId))
    return product?.options.find(({ id }) => id === optionId)
  }

  it('option_not_found: refuses an option that does not exist', async () => {
    const option = await sale.option()
    for (const id of ['nothing', '#', `${option}:free`]) {
      await expectRefusal(sale, 'option_not_found', () => sale.updateOption(id, { price: 1 }))
    }
  })

  it('invalid_window: refuses a sale that would end before it starts, the stored half included', async () => {
    const option = await sale.option({ saleStartsAt: 2_000, saleEndsAt: 3_000 })
    for (const changes of [{ saleEndsAt: 2_000 }, { saleStartsAt: 3_000, price: 1 }]) {
      await expectRefusal(sale, 'invalid_window', () => sale.updateOption(option, changes))
    }
    expect(codeOf(await sale.updateOption(option, { saleEndsAt: null, saleStartsAt: 9_000 }))).toBe(
      'ok',
    )
  })

  it('unchanged: writes nothing and tells nobody where it is as asked for', async () => {
    const option = await sale.option({ price: 700 })
    const before = await sale.state()
    const changes = { price: 700, perUserLimit: null, reason: 'again' }
    expect(await sale.updateOption(option, changes)).toEqual({
      ok: true,
      replayed: true,
      value: { productId: await sale.productOf(option) },
    })
    expect(await sale.state()).toEqual(before)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const option = await sale.option()
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () => sale.updateOption(option, { price: 1 }, full))
  })

  it('updated: tells the old price and the new one, and why', async () => {
    const option = await sale.option({ price: 700, perUserLimit: 2, holdMs: 5_000 })
    const outcome = await sale.updateOption(option, { price: 500, reason: 'Black Friday' })
    const productId = await sale.productOf(option)
    expect(value(outcome)).toEqual({ productId })
    expect((await sale.events()).at(-1)).toEqual({
      type: 'option_updated',
      data: {
        optionId: option,
        productId,
        oldPrice: 700,
        price: 500,
        reason: 'Black Friday',
        perUserLimit: 2,
        holdMs: 5_000,
        at: expect.any(Number),
      },
    })
    expect(await read(option)).toEqual({
      id: option,
      optionValue: 'M',
      price: 500,
      perUserLimit: 2,
      holdMs: 5_000,
      free: 10,
      held: 0,
      sold: 0,
    })
  })

  it('updated: takes a limit, an end of the window and a deadline of its own away', async () => {
    const option = await sale.option({ perUserLimit: 1, saleEndsAt: Date.now() - 1, holdMs: 5_000 })
    expect(codeOf(await sale.order('ada', { [option]: 2 }))).toBe('ended')
    await sale.updateOption(option, { perUserLimit: null, saleEndsAt: null, holdMs: null })
    const order = value(await sale.order('ada', { [option]: 2 }))
    expect(order.expiresAt - order.orderedAt).toBe(600_000)
  })

  it('updated: holds for orders from that moment on, without a unit lost', async () => {
    const option = await sale.option({ stock: 1_000 })
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, (_, number) =>
        number % 10 === 5
          ? sale.updateOption(option, { price: 1_000 + number })
          : sale.order(`user-${number}`, { [option]: 1 }),
      ),
    )
    expect(outcomes.every((outcome) => outcome.ok)).toBe(true)
    let price = 1_000
    for (const { type, data } of await sale.events()) {
      if (type === 'option_updated') {
        expect(data.oldPrice).toBe(price)
        price = data.price
      }
      if (type === 'order_placed') expect(data.finalAmount).toBe(price)
    }
    expect(price).toBe(1_295)
    expect(await sale.units(option)).toEqual({ free: 730, held: 270, sold: 0 })
  })

  it('updated: keeps what a change of its product says, and the other way round', async () => {
    const { id, options } = await sale.product([{}])
    const option = options[0]?.id as string
    await sale.updateProduct(id, { name: 'Sneakers' })
    await sale.updateOption(option, { price: 10 })
    await sale.updateProduct(id, { brand: 'Gallop' })
    const order = value(await sale.order('ada', { [option]: 1 }))
    expect(order.items).toMatchObject([
      { productName: 'Sneakers', productRevision: 3, unitPrice: 10 },
    ])
  })
})
