import { createCoupon } from '../engine/create-coupon.ts'
import { createProduct } from '../engine/create-product.ts'
import { openEngine } from '../engine/engine.ts'
import type { RedisClient } from '../redis/client.ts'
import { sentinel, shopKey } from '../redis/keys.ts'

/**
 * Puts a product with two options and a coupon into a shop that has neither, so that there is something to claim
 * and to buy at once.
 *
 * @returns whether it did.
 */
export async function seedDemo(redis: RedisClient, shop: string, holdMs: number): Promise<boolean> {
  const names = await Promise.all([
    redis.hkeys(shopKey(shop, 'products')),
    redis.hkeys(shopKey(shop, 'coupons')),
  ])
  if (names.flat().some((name) => name !== sentinel)) return false

  const engine = openEngine({ redis, holdMs })
  const product = await createProduct(engine, {
    shop,
    product: {
      name: 'Stampede trainers',
      brand: 'Stampede',
      description: 'Light, fast, and gone in a minute.',
      status: 'ACTIVE',
      options: [
        { optionValue: 'EU 42', price: 9_900, stock: 100 },
        { optionValue: 'EU 43', price: 9_900, stock: 50, perUserLimit: 2 },
      ],
    },
  })
  if (!product.ok) return false // The shop is closed, until its hot state is rebuilt.
  await createCoupon(engine, {
    shop,
    coupon: {
      name: 'Ten percent off for the first hundred',
      discountType: 'PERCENTAGE',
      discountValue: 1_000,
      maxDiscountAmount: 2_000,
      minOrderAmount: 0,
      totalQuantity: 100,
      perUserLimit: 1,
      restoreOnCancel: true,
      codeRequired: false,
      status: 'ACTIVE',
    },
  })
  return true
}
