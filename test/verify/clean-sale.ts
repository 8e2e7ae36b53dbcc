import { sql } from 'kysely'
import { shopKey } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { value } from '../support/sale.ts'
import type { Books } from '../workers/books.ts'

export type CleanSale = Awaited<ReturnType<typeof runCleanSale>>

/** A sale with an order in every state, all of it in Postgres, and short ways to spoil one fact of it. */
export async function runCleanSale(books: Books) {
  const shop = await books.openShop()
  const shirt = await shop.option({ price: 1_000, stock: 20, perUserLimit: 5 })
  const cap = await shop.option({ price: 300, stock: 5 })
  const coupon = await shop.coupon({ totalQuantity: 10 })
  const lostOnCancel = await shop.coupon({ restoreOnCancel: false })
  for (const user of ['ann', 'bob', 'cat']) {
    value(await shop.charge(user, 10_000))
    value(await shop.claim(coupon, user))
    value(await shop.claim(lostOnCancel, user))
  }
  value(await shop.adjust(shirt, -2))

  const userCoupon = (rank: number) => ({ userCouponId: `${coupon}.${rank}` })
  const paid = value(await shop.order('ann', { [shirt]: 2, [cap]: 1 }, { pay: true }))
  const withCoupon = value(await shop.order('ann', { [shirt]: 1 }, { ...userCoupon(1), pay: true }))
  const pending = value(await shop.order('bob', { [shirt]: 1, [cap]: 2 }, userCoupon(2)))
  const paidLater = value(await shop.order('cat', { [shirt]: 1 }, userCoupon(3)))
  value(await shop.pay('cat', paidLater.id))
  const cancelled = value(
    await shop.order('cat', { [cap]: 1 }, { userCouponId: `${lostOnCancel}.3` }),
  )
  value(await shop.cancel('cat', cancelled.id))
  const expired = value(await shop.order('cat', { [shirt]: 3 }))
  await shop.lapse(expired.id)
  await shop.reap()
  await shop.drain()

  return {
    ...shop,
    ids: { shirt, cap, coupon },
    orders: { paid, withCoupon, pending, paidLater, cancelled, expired },
    verify: (options?: Parameters<typeof verify>[2]) => verify(books, shop.shop, options),
    /** A key of the shop, for the hand that spoils it. */
    key: (name: Parameters<typeof shopKey>[1]) => shopKey(shop.shop, name),
    /** Runs an UPDATE, DELETE or INSERT that must meet exactly one row. `$shop` stands for the shop. */
    async spoilRow(statement: string) {
      const text = statement.replaceAll('$shop', `'${shop.shop}'`)
      const { numAffectedRows } = await sql.raw(text).execute(books.orm.em.getKysely())
      if (numAffectedRows !== 1n) throw new Error(`It met ${numAffectedRows} rows: ${text}`)
    },
  }
}
