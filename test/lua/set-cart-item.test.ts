import { beforeEach, describe, expect, it } from 'vitest'
import { removeCartItem } from '../../src/engine/set-cart-item.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale } from '../support/sale.ts'

const redis = await connect()

describe('set-cart-item', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option()
  })

  it('option_not_found: refuses an option that does not exist', async () => {
    for (const id of ['nothing', '#', `${option}:free`]) {
      await expectRefusal(sale, 'option_not_found', () => sale.setCart('ada', id, 1))
    }
  })

  it('cart_full: takes as many lines as an order may have, and still changes and removes them', async () => {
    const { options } = await sale.product(
      Array.from({ length: limits.cartItemsMax + 1 }, () => ({})),
    )
    const ids = options.map(({ id }) => id)
    const [first, one] = [ids[0] as string, ids.at(-1) as string]
    await Promise.all(ids.slice(0, -1).map((id) => sale.setCart('ada', id, 1)))
    await expectRefusal(sale, 'cart_full', () => sale.setCart('ada', one, 1))
    expect(codeOf(await sale.setCart('ada', first, 2))).toBe('ok')
    expect(codeOf(await sale.setCart('ada', first, 0))).toBe('ok')
    expect(codeOf(await sale.setCart('ada', one, 1))).toBe('ok')
  })

  it('cart_full: never takes one line too many under 100 requests at once', async () => {
    const { options } = await sale.product(Array.from({ length: 100 }, () => ({})))
    const outcomes = await Promise.all(options.map(({ id }) => sale.setCart('ada', id, 1)))
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(limits.cartItemsMax)
    expect(await sale.cart('ada')).toHaveLength(limits.cartItemsMax)
  })

  it('unchanged: writes nothing and tells nobody where the line is as asked for', async () => {
    await sale.setCart('ada', option, 2)
    const before = await sale.state()
    expect(await sale.setCart('ada', option, 2)).toEqual({ ok: true, replayed: true, value: null })
    expect(await sale.setCart('bob', option, 0)).toEqual({ ok: true, replayed: true, value: null })
    expect(await sale.state()).toEqual(before)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () => sale.setCart('ada', option, 1, full))
  })

  it('set: puts in, changes and takes out, in the order in which the lines came', async () => {
    const [second, third] = [await sale.option(), await sale.option()]
    for (const id of [option, second, third]) await sale.setCart('ada', id, 1)
    await sale.setCart('ada', second, 1_000)
    await sale.setCart('ada', option, 0)
    expect(await sale.cart('ada')).toEqual([
      [second, 1_000],
      [third, 1],
    ])
    await sale.setCart('ada', option, 3)
    expect(await sale.cart('ada')).toEqual([
      [second, 1_000],
      [third, 1],
      [option, 3],
    ])
    const changes = (await sale.events()).filter(({ type }) => type === 'cart_changed')
    expect(changes.map(({ data }) => [data.userId, data.optionId, data.quantity])).toEqual([
      ['ada', option, 1],
      ['ada', second, 1],
      ['ada', third, 1],
      ['ada', second, 1_000],
      ['ada', option, 0],
      ['ada', option, 3],
    ])
  })

  it('set: takes out what is in it or not, as long as there is such an option', async () => {
    const remove = (optionId: string) =>
      removeCartItem(sale.engine, { shop: sale.shop, userId: 'ada', optionId })
    await sale.setCart('ada', option, 2)
    expect(await remove(option)).toMatchObject({ ok: true, replayed: false })
    expect(await remove(option)).toMatchObject({ ok: true, replayed: true })
    expect(codeOf(await remove('nothing'))).toBe('option_not_found')
    expect(await sale.cart('ada')).toEqual([])
  })

  it('set: holds nothing, and asks nothing of stock, window or status', async () => {
    const options = await Promise.all([
      sale.option({ stock: 1 }),
      sale.option({ stock: 0 }),
      sale.option({ saleStartsAt: Date.now() + 60_000 }),
      sale.option({}, 'INACTIVE'),
    ])
    for (const id of options) {
      const units = await sale.units(id)
      for (const user of ['ada', 'bob']) expect(codeOf(await sale.setCart(user, id, 5))).toBe('ok')
      expect(await sale.units(id)).toEqual(units)
    }
  })

  it('set: keeps the carts of two users apart, and leaves no trace of an empty one', async () => {
    await sale.setCart('ada', option, 1)
    expect(await sale.cart('bob')).toEqual([])
    await sale.setCart('ada', option, 0)
    expect(await redis.hexists(shopKey(sale.shop, 'carts'), 'ada')).toBe(0)
  })

  it('set: loses no line of 50 that come at once', async () => {
    const { options } = await sale.product(Array.from({ length: limits.cartItemsMax }, () => ({})))
    const engines = [sale.engineWith(), sale.engineWith()]
    await Promise.all(
      options.map(({ id }, number) => sale.setCart('ada', id, number + 1, engines[number % 2])),
    )
    expect((await sale.cart('ada')).toSorted()).toEqual(
      options.map(({ id }, number) => [id, number + 1]).toSorted(),
    )
  })
})
