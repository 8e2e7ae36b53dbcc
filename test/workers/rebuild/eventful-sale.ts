import { sql } from 'kysely'
import { databaseOf } from '../../../src/db/database.ts'
import type { OrderRecord } from '../../../src/domain/events.ts'
import type { Outcome } from '../../../src/domain/outcome.ts'
import { shopKey } from '../../../src/redis/keys.ts'
import { value } from '../../support/sale.ts'
import { useEverything } from '../../verify/use-everything.ts'
import type { Books, Shop } from '../books.ts'
import { tellTimes } from './loaded.ts'

type Facts = { key?: string; body?: unknown }
export type Request = {
  name: string
  ask: (facts?: Facts) => Promise<Outcome<unknown, string>>
  /** Whether the same key with another body is refused. */
  hasKey: boolean
}

/** A sale with everything that can be hot, all of it in Postgres, and every request of it that may come again. */
export async function runEventfulSale(books: Books) {
  const shop = await books.openShop()
  const requests: Request[] = []
  let keys = 0
  /** Asks once, and notes the request. */
  async function once<Value>(
    name: string,
    ask: (facts: Facts) => Promise<Outcome<Value, string>>,
  ): Promise<Value> {
    const key = `${name} ${++keys}`
    requests.push({ name: key, hasKey: true, ask: (facts) => ask({ key, ...facts }) })
    return value(await ask({ key }))
  }
  async function again<Value>(name: string, ask: () => Promise<Outcome<Value, string>>) {
    requests.push({ name, hasKey: false, ask })
    return value(await ask())
  }

  await useEverything(shop)
  await shop.drain()
  await tellTimes(books, shop)
  const products = await fillCatalog(shop)
  for (const user of ['fay', 'gus']) await once('charge', (f) => shop.charge(user, 90_000, f))
  await once('adjustment', (f) => shop.adjust(products.mug, 7, f))
  await once('adjustment', (f) => shop.adjust(products.mug, -2, f))

  const { mug, hat } = products
  const triple = await shop.coupon({ perUserLimit: 3, minOrderAmount: 10, totalQuantity: 12 })
  const brief = await shop.coupon({ userCouponTtlSeconds: 3_600, restoreOnCancel: false })
  const percent = await shop.coupon({
    name: 'Ten "percent" 🎟',
    discountType: 'PERCENTAGE',
    discountValue: 1_000,
    codeRequired: true,
    code: 'ten-PERCENT',
  })
  for (const user of ['fay', 'gus', 'fay', 'fay']) value(await shop.claim(triple, user))
  await again('claim at the limit', () => shop.claim(triple, 'fay'))
  await again('claim', () => shop.claim(brief, 'gus'))
  await again('claim by code', () => shop.claimByCode('TEN-percent', 'fay'))
  const codes = value(await shop.addCodes(percent, 3))
  await again('claim by single-use code', () => shop.claimByCode(codes[1] as string, 'gus'))
  value(await shop.updateCoupon(await shop.coupon(), { status: 'PAUSED' }))

  const orders = {
    held: await once('order', (f) => shop.order('fay', { [mug]: 2 }, coupon(f, triple, 1))),
    used: await once('order', (f) => shop.order('fay', { [mug]: 1 }, paid(coupon(f, triple, 4)))),
    lost: await once('order', (f) => shop.order('gus', { [mug]: 1 }, coupon(f, brief, 1))),
    cart: await (async () => {
      for (const [option, quantity] of [[hat, 2] as const, [mug, 1] as const]) {
        value(await shop.setCart('gus', option, quantity))
      }
      return once('order', (f) => shop.order('gus', 'cart', paid(coupon(f, percent, 2))))
    })(),
    paidLater: await once('order', (f) => shop.order('gus', { [hat]: 3, [mug]: 1 }, f)),
    cancelled: await once('order', (f) => shop.order('fay', { [hat]: 1 }, coupon(f, triple, 3))),
    gratis: await once('order', (f) => shop.order('gus', { [products.gift]: 1 }, f)),
  }
  await again('payment', () => shop.pay('gus', orders.paidLater.id))
  await again('cancellation', () => shop.cancel('fay', orders.cancelled.id))
  await again('cancellation', () => shop.cancel('gus', orders.lost.id))
  const atOnce = shop.engineWith({ holdMs: 0 })
  await once('order', (f) => shop.order('gus', { [hat]: 1 }, coupon(f, triple, 2), atOnce))
  await shop.reap()
  for (const option of [hat, mug, products.gift]) value(await shop.setCart('gus', option, 1))
  value(await shop.setCart('gus', hat, 0))
  value(await shop.setCart('gus', hat, 5))
  value(await shop.setCart('gus', mug, 6))

  const [line] = orders.paidLater.items.map(({ id }) => id) as [string]
  await once('refund', (f) => shop.refund(orders.paidLater.id, { [line]: 1 }, lostUnits(f)))
  await once('refund', (f) => shop.refund(orders.paidLater.id, { [line]: 1 }, f))
  await once('refund', (f) => shop.refund(orders.used.id, {}, f))
  await once('refund', (f) => shop.refund(orders.cart.id, {}, f))
  await once('refund', (f) => shop.refund(orders.gratis.id, {}, f))
  const late = await refundLate(books, shop, hat, once)
  await shop.drain()
  return { ...shop, requests, orders: { ...orders, late }, products, coupons: { triple, percent } }
}

const coupon = (facts: Facts, couponId: string, rank: number) => ({
  ...facts,
  userCouponId: `${couponId}.${rank}`,
})
const paid = <F extends object>(facts: F) => ({ ...facts, pay: true })
const lostUnits = <F extends object>(facts: F) => ({ ...facts, restock: false })

async function fillCatalog(shop: Shop) {
  const words = 'Mug “☕” \\ "big"\n/ {tab}\t€'
  const sizes = Array.from({ length: 12 }, (_, size) => ({ optionValue: `size ${size}` }))
  const unnamed = { optionValue: undefined }
  const { id, options } = await shop.product(
    [...sizes, unnamed, { optionValue: '', perUserLimit: 30, holdMs: 90_000, stock: 40 }],
    { name: words, description: `${words} 🎁`, brand: words },
  )
  const mug = options.at(-1)?.id as string
  value(await shop.updateProduct(id, { description: null }))
  value(await shop.updateProduct(id, { description: '' }))
  value(await shop.updateProduct(id, { name: `${words} 2` }))
  const hat = await shop.option({ stock: 50, price: 333, saleStartsAt: 1_000_000 })
  const window = { saleStartsAt: null, saleEndsAt: Date.now() + 86_400_000 }
  value(await shop.updateOption(hat, { price: 334, ...window }))
  const gift = await shop.option({ price: 0, stock: 9 })
  await shop.option({ stock: 0 }, 'INACTIVE')
  await shop.option({}, 'OUT_OF_STOCK')
  return { mug, hat, gift }
}

/** An order of four days ago, which has left Redis, is paid back in two parts. */
async function refundLate(
  books: Books,
  shop: Shop,
  option: string,
  once: <Value>(
    name: string,
    ask: (facts: Facts) => Promise<Outcome<Value, string>>,
  ) => Promise<Value>,
): Promise<OrderRecord> {
  const order = value(await shop.order('gus', { [option]: 3 }, { pay: true }))
  const paidAtMs = Date.now() - 4 * 86_400_000
  await shop.backdate(order.id, paidAtMs)
  await shop.drain()
  await sql`update payments set paid_at = to_timestamp(${paidAtMs}::float8 / 1000)
    where shop = ${shop.shop} and order_id = ${order.id}`.execute(databaseOf(books.orm))
  await shop.redis.hdel(shopKey(shop.shop, 'orders'), order.id.slice(11))
  const part = { [`${order.id}.1`]: 1 }
  await once('refund', (f) => shop.refund(order.id, part, lostUnits(f)))
  await once('refund', (f) => shop.refund(order.id, part, f))
  return order
}
