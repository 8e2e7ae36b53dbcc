import { beforeEach, describe, expect, it } from 'vitest'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'

const books = await openBooks()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

/** The lines of all carts: user, option, quantity. */
const carts = async () =>
  (await shop.rows('cart_items', 'user_id, option_id, quantity')).map((row) => Object.values(row))

for (const batches of ['in one batch', 'in a batch each'] as const) {
  const then = async () => {
    if (batches === 'in a batch each') await shop.drain()
  }
  const drainAll = async () => {
    expect(await shop.drain()).toMatchObject({ deadLetters: 0 })
    if (batches === 'in one batch') expect(await shop.transactions()).toBe(1)
  }

  describe(`the drain of carts, with changes ${batches}`, () => {
    it('writes what is put in, changed and taken out', async () => {
      const [first, second] = [await shop.option(), await shop.option()]
      value(await shop.setCart('ann', first, 1))
      await then()
      value(await shop.setCart('ann', second, 2))
      value(await shop.setCart('bob', first, 9))
      await then()
      value(await shop.setCart('ann', first, 4))
      await then()
      value(await shop.setCart('ann', second, 0))
      await drainAll()
      expect(await carts()).toEqual([
        ['ann', first, 4],
        ['bob', first, 9],
      ])
      expect(await shop.rows('users', 'id, name')).toEqual([
        { id: 'ann', name: null },
        { id: 'bob', name: null },
      ])
    })

    it('empties the cart that an order took, and keeps what came in afterwards', async () => {
      const [first, second] = [await shop.option(), await shop.option()]
      value(await shop.setCart('ann', first, 1))
      value(await shop.setCart('ann', second, 2))
      value(await shop.setCart('bob', second, 1))
      await then()
      const order = value(await shop.order('ann', 'cart'))
      await then()
      value(await shop.setCart('ann', second, 7))
      await drainAll()
      expect(await carts()).toEqual(
        expect.arrayContaining([
          ['ann', second, 7],
          ['bob', second, 1],
        ]),
      )
      expect(await carts()).toHaveLength(2)
      expect(await shop.rows('order_items', 'order_id, option_id, quantity')).toHaveLength(2)
      value(await shop.cancel('ann', order.id))
      await shop.drain()
      expect(await carts()).toHaveLength(2)
    })

    it('leaves the cart of a user who orders the same options past it', async () => {
      const optionId = await shop.option()
      value(await shop.setCart('ann', optionId, 2))
      await then()
      value(await shop.order('ann', { [optionId]: 1 }))
      await drainAll()
      expect(await carts()).toEqual([['ann', optionId, 2]])
    })

    it('dates a line that went and came back from when it came back', async () => {
      const optionId = await shop.option()
      const set = (quantity: number, at: number) =>
        shop.append('cart_changed', { userId: 'ann', optionId, quantity, at })
      await set(1, 1_000)
      await then()
      await set(2, 2_000)
      await then()
      await drainAll()
      const times = 'extract(epoch from created_at) as a, extract(epoch from updated_at) as b'
      const dates = async () =>
        (await shop.rows('cart_items', times)).map(({ a, b }) => [Number(a), Number(b)])
      expect(await dates()).toEqual([[1, 2]])
      await set(0, 3_000)
      await then()
      await set(5, 4_000)
      await shop.drain()
      expect(await dates()).toEqual([[4, 4]])
    })
  })
}
