import type { CouponRecord } from '../../src/domain/events.ts'
import { readCoupon } from '../../src/engine/reads.ts'
import { openModel, type Product } from './model.ts'
import { users } from './wishes.ts'
import { askAtOnce, type Model, type World } from './world.ts'

const products = [
  [
    { price: 1_000, stock: 4 },
    { price: 333, stock: 6, perUserLimit: 3 },
  ],
  [{ price: 0, stock: 3 }],
]

const coupons = [
  { totalQuantity: 3, discountValue: 150, code: 'SUMMER' },
  {
    totalQuantity: 4,
    perUserLimit: 2,
    discountType: 'PERCENTAGE',
    discountValue: 3_333,
    maxDiscountAmount: 100_000_000,
    minOrderAmount: 500,
  },
  { totalQuantity: 4, perUserLimit: 3, restoreOnCancel: false, codeRequired: true },
  { totalQuantity: 4, userCouponTtlSeconds: 3_600, discountValue: 5_000 },
  // Gone with the first claim, so that every process soon knows of a coupon that is sold out.
  { totalQuantity: 1, discountValue: 100 },
] as const

/** Opens a shop that is short of everything, because plenty hides mistakes. */
export async function openingShop(world: World): Promise<Model> {
  const { shop: real } = world
  const shop = openModel()
  const model: Model = { shop, persisted: structuredClone(shop), sent: [], keys: 0 }
  const made = await Promise.all(products.map((options) => real.product(options)))
  for (const { options, ...product } of made) {
    shop.products.set(product.id, product as Product)
    for (const option of options) {
      shop.options.set(option.id, { ...option, productId: product.id, putIn: option.stock })
      shop.stockHistory.push({ option_id: option.id, type: 'INITIAL', change: option.stock })
    }
  }
  const couponIds = await Promise.all(coupons.map((facts) => real.coupon(facts)))
  for (const id of couponIds) {
    const found = await readCoupon(real.redis, real.shop, id)
    const { issuedQuantity, usedQuantity, ...coupon } = found as NonNullable<typeof found>
    shop.coupons.set(id, coupon as CouponRecord)
  }
  shop.events = products.length + coupons.length
  await askAtOnce(
    model,
    world,
    users.map((userId, place) => ({
      ask: 'charge',
      key: `opening ${place}`,
      userId,
      amount: 400 + 3_000 * place,
    })),
  )
  return model
}
