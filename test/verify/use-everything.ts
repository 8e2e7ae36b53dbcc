import { value } from '../support/sale.ts'
import type { Shop } from '../workers/books.ts'

type Catalog = { jacket: string; small: string; large: string }
type Coupons = { spring: string; gift: string }

/**
 * Changes everything that can change: texts, prices, coupons and carts; claims codes, lets a coupon expire, and pays
 * back whole orders and parts of them, with the units and without. May be done again in the same shop.
 */
export async function useEverything(shop: Shop) {
  value(await shop.charge('dan', 50_000))
  value(await shop.charge('eve', 50_000))
  const catalog = await changeCatalog(shop)
  const coupons = await claimCodes(shop)
  const orders = await refundOrders(shop, catalog, coupons)
  value(await shop.updateProduct(catalog.jacket, { name: 'Jacket for rain' }))
  return { catalog, coupons, orders }
}

async function changeCatalog(shop: Shop): Promise<Catalog> {
  const product = await shop.product(
    [
      { optionValue: 'S', price: 700, stock: 20 },
      { optionValue: 'L', price: 800, stock: 20, perUserLimit: 19 },
      // What there is of one kind has no name beside that of its product.
      { optionValue: undefined },
    ],
    { name: 'Jacket', brand: 'North', description: 'Warm' },
  )
  const jacket = product.id
  const [small, large] = product.options.map(({ id }) => id) as [string, string]
  value(await shop.updateProduct(jacket, { name: 'Rain jacket', description: null }))
  value(await shop.updateProduct(jacket, { description: 'Dry', brand: null }))
  value(await shop.updateProduct(jacket, { status: 'OUT_OF_STOCK' }))
  value(await shop.adjust(small, 3))
  const window = { saleStartsAt: 1, saleEndsAt: Date.now() + 86_400_000, holdMs: 60_000 }
  value(
    await shop.updateOption(small, { price: 750, reason: 'season', perUserLimit: 9, ...window }),
  )
  value(await shop.updateOption(small, { price: 720, perUserLimit: null, saleEndsAt: null }))
  value(await shop.updateOption(small, { price: 715 }))
  value(await shop.updateOption(large, { holdMs: 90_000 }))
  return { jacket, small, large }
}

async function claimCodes(shop: Shop) {
  const validUntil = Date.now() + 86_400_000
  const other = await shop.coupon()
  const spring = await shop.coupon({ code: `Spring-${other}`, totalQuantity: 5, validUntil })
  value(await shop.claimByCode(`sPRING-${other}`, 'dan'))
  value(await shop.updateCoupon(spring, { status: 'PAUSED', totalQuantity: 3, validUntil: null }))

  const gift = await shop.coupon({
    codeRequired: true,
    discountType: 'PERCENTAGE',
    discountValue: 1_500,
    maxDiscountAmount: 900,
  })
  const codes = value(await shop.addCodes(gift, 4))
  value(await shop.claimByCode(codes[0] as string, 'dan'))
  value(await shop.claimByCode(codes[1] as string, 'eve'))

  const brief = await shop.coupon({ userCouponTtlSeconds: 60 })
  const { userCouponId } = value(await shop.claim(brief, 'dan'))
  await shop.lapseCoupon(userCouponId, 'dan')
  const expired = await shop.expireCoupons([{ id: userCouponId, userId: 'dan' }])
  if (expired !== 1) throw new Error(`${expired} user coupons have expired`)
  return { spring, sharedCode: `SPRING-${other}`.toUpperCase(), gift, codes, brief }
}

async function refundOrders(shop: Shop, { small, large }: Catalog, { spring, gift }: Coupons) {
  value(await shop.setCart('dan', small, 2))
  value(await shop.setCart('dan', large, 1))
  value(await shop.setCart('dan', large, 3))
  const giftOf = (rank: number) => ({ userCouponId: `${gift}.${rank}`, pay: true })
  const fromCart = value(await shop.order('dan', 'cart', giftOf(1)))
  value(await shop.setCart('dan', small, 1))
  value(await shop.setCart('eve', small, 2))
  value(await shop.setCart('eve', small, 0))
  value(await shop.setCart('eve', large, 4))

  const withSpring = { userCouponId: `${spring}.1`, pay: true }
  const whole = value(await shop.order('dan', { [small]: 2 }, withSpring))
  value(await shop.refund(whole.id))
  const part = value(await shop.order('eve', { [small]: 3, [large]: 2 }, giftOf(2)))
  const [first, second] = part.items.map(({ id }) => id) as [string, string]
  value(await shop.refund(part.id, { [first]: 1 }, { restock: false }))
  value(await shop.refund(part.id, { [first]: 1, [second]: 1 }))
  const inParts = value(await shop.order('eve', { [large]: 3 }, { pay: true }))
  value(await shop.refund(inParts.id, { [`${inParts.id}.1`]: 1 }, { restock: false }))
  value(await shop.refund(inParts.id))
  const gratis = value(await shop.order('eve', { [await shop.option({ price: 0 })]: 1 }))
  value(await shop.refund(gratis.id))
  return { fromCart, whole, part, inParts, gratis }
}
