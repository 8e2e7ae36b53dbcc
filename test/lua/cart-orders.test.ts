import { beforeEach, describe, expect, it } from 'vitest'
import { readCart } from '../../src/engine/read-cart.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('an order from the cart', () => {
  let sale: Sale
  let shirt: string
  let shoes: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    shirt = await sale.option({ price: 300, stock: 100 })
    shoes = await sale.option({ price: 500, stock: 100 })
    await sale.setCart('ada', shirt, 2)
    await sale.setCart('ada', shoes, 1)
  })

  it('takes the lines out of the cart in the same decision', async () => {
    const order = value(await sale.order('ada', 'cart'))
    expect(order).toMatchObject({
      fromCart: true,
      finalAmount: 1_100,
      items: [
        { optionId: shirt, quantity: 2 },
        { optionId: shoes, quantity: 1 },
      ],
    })
    expect(await sale.cart('ada')).toEqual([])
    expect(await sale.units(shirt)).toEqual({ free: 98, held: 2, sold: 0 })
    expect((await sale.events()).at(-1)).toEqual({ type: 'order_placed', data: order })
  })

  it('takes the lines once under 50 orders at once with different keys', async () => {
    const engines = [sale.engineWith(), sale.engineWith()]
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, number) => sale.order('ada', 'cart', {}, engines[number % 2])),
    )
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1)
    expect(new Set(outcomes.filter((outcome) => !outcome.ok).map(codeOf))).toEqual(
      new Set(['cart_empty']),
    )
    expect(await sale.units(shirt)).toEqual({ free: 98, held: 2, sold: 0 })
  })

  it('takes the lines once under 50 orders at once with one key, and answers all alike', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => sale.order('ada', 'cart', { key: 'k' })),
    )
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => value(outcome).id)).size).toBe(1)
    expect(await sale.units(shirt)).toEqual({ free: 98, held: 2, sold: 0 })
  })

  it('takes what the cart holds then, and repeats what it held before', async () => {
    const first = value(await sale.order('ada', 'cart', { key: 'k' }))
    await sale.setCart('ada', shoes, 7)
    const again = value(await sale.order('ada', 'cart', { key: 'k' }))
    expect(again).toEqual(first)
    expect(await sale.cart('ada')).toEqual([[shoes, 7]])
    const second = value(await sale.order('ada', 'cart', { key: 'k2' }))
    expect(second.items).toMatchObject([{ optionId: shoes, quantity: 7 }])
    expect(second.items).toHaveLength(1)
  })

  it('leaves the cart as it is where it is refused, and takes it whole where it is not', async () => {
    const { userCouponId } = value(
      await sale.claim(await sale.coupon({ minOrderAmount: 9_000 }), 'ada'),
    )
    const limited = await sale.option({ perUserLimit: 1 })
    const rare = await sale.option({ stock: 1 })
    const refusals: [string, string, number, object][] = [
      ['per_user_limit', limited, 2, {}],
      ['sold_out', rare, 2, {}],
      ['product_inactive', await sale.option({}, 'INACTIVE'), 1, {}],
      ['coupon_unavailable', rare, 1, { userCouponId: 'nothing.1' }],
      ['min_order_amount', rare, 1, { userCouponId }],
      ['amount_changed', rare, 1, { expectedAmount: 1 }],
      ['insufficient_balance', rare, 1, { pay: true }],
    ]
    for (const [code, option, quantity, facts] of refusals) {
      await sale.setCart('ada', option, quantity)
      await expectRefusal(sale, code, () => sale.order('ada', 'cart', facts))
      await sale.setCart('ada', option, 0)
    }
    const full = sale.engineWith({ backlogMax: 1 })
    await expectRefusal(sale, 'backlog_full', () => sale.order('ada', 'cart', {}, full))
    expect(codeOf(await sale.order('ada', 'cart'))).toBe('ok')
  })

  it('costs what it costs then: a cart shows live prices and freezes none', async () => {
    await sale.updateOption(shirt, { price: 400 })
    expect(await readCart(redis, sale.shop, 'ada')).toMatchObject([
      { optionId: shirt, unitPrice: 400, quantity: 2, stock: 100, productName: 'Trainers' },
      { optionId: shoes, unitPrice: 500, quantity: 1 },
    ])
    await expectRefusal(sale, 'amount_changed', () =>
      sale.order('ada', 'cart', { expectedAmount: 1_100 }),
    )
    expect(value(await sale.order('ada', 'cart', { expectedAmount: 1_300 })).finalAmount).toBe(
      1_300,
    )
  })

  it('is not put back into the cart by its cancellation', async () => {
    const order = value(await sale.order('ada', 'cart'))
    await sale.cancel('ada', order.id)
    expect(await sale.cart('ada')).toEqual([])
  })

  it('loses no change of the cart that comes with it: each line is in the order or in the cart', async () => {
    const { options } = await sale.product(Array.from({ length: 30 }, () => ({})))
    const engines = [sale.engineWith(), sale.engineWith()]
    const [, order, , second] = await Promise.all([
      Promise.all(options.slice(0, 15).map(({ id }) => sale.setCart('ada', id, 1, engines[0]))),
      sale.order('ada', 'cart', {}, engines[1]),
      Promise.all(options.slice(15).map(({ id }) => sale.setCart('ada', id, 1, engines[0]))),
      sale.order('ada', 'cart', {}, engines[1]),
    ])
    const orders = [order, second].flatMap((outcome) => (outcome.ok ? outcome.value.items : []))
    const left = (await sale.cart('ada')).map(([id]) => id)
    expect([...orders.map(({ optionId }) => optionId), ...left].toSorted()).toEqual(
      [shirt, shoes, ...options.map(({ id }) => id)].toSorted(),
    )
  })

  it('leaves an order with lines of its own, and other users, out of it', async () => {
    await sale.order('ada', { [shirt]: 1 })
    await expectRefusal(sale, 'cart_empty', () => sale.order('bob', 'cart'))
    expect(await sale.cart('ada')).toEqual([
      [shirt, 2],
      [shoes, 1],
    ])
  })
})
