import type { PricedLine } from '../domain/quote.ts'
import { type CouponPlan, couponPlans } from './coupon-plans.ts'
import { type BuyerPlan, type LinePlan, planBuyer } from './plan-buyer.ts'
import { type Random, seededRandom } from './random.ts'

/** One option of the sale; `product` is the position of its product. Prices are in minor units. */
export type OptionPlan = {
  product: number
  optionValue: string
  price: number
  /** What the operator changes the price to in the middle of the sale; null where it stays. */
  newPrice: number | null
  stock: number
  /** Units that come in when the rush is over. */
  restock: number
}

export type SalePlan = {
  seed: number
  /** Names of the products. */
  products: string[]
  options: OptionPlan[]
  coupons: CouponPlan[]
  /** Deadline of an order that is not paid. */
  holdMs: number
  buyers: BuyerPlan[]
}

/** 5,000 buyers for 1,000 coupons and 20 options of 50 units: five want what one can have. */
const buyerCount = 5_000
const productNames = ['Runner', 'Court', 'Trail', 'Classic']
const optionsPerProduct = 5
const unitsPerOption = 45
const restockPerOption = 5

/** Short enough that abandoned units come back and are sold again while the demo runs. */
const holdMs = 3_000

/** Lays out the whole sale. The same seed gives the same plan, to the last quantity and repeated request. */
export function planSale(seed: number): SalePlan {
  const random = seededRandom(seed)
  const options = productNames.flatMap((_, product) =>
    Array.from({ length: optionsPerProduct }, (_, size) => planOption(random, product, size)),
  )
  return {
    seed,
    products: productNames,
    options,
    coupons: structuredClone(couponPlans),
    holdMs,
    buyers: Array.from({ length: buyerCount }, (_, number) => planBuyer(random, options, number)),
  }
}

/** The larger, the dearer. One size of every product changes its price: it rises for some, and falls for the others. */
function planOption(random: Random, product: number, size: number): OptionPlan {
  const price = random.between(2_000, 5_000) + 3_000 * size
  const isRepriced = size === product % optionsPerProduct
  return {
    product,
    optionValue: `EU ${38 + size}`,
    price,
    newPrice: isRepriced ? Math.round(price * (product % 2 === 0 ? 1.1 : 0.9)) : null,
    stock: unitsPerOption,
    restock: restockPerOption,
  }
}

/** The lines with the prices at which the sale opened. */
export function openingLines({ options }: SalePlan, lines: readonly LinePlan[]): PricedLine[] {
  return lines.map(({ option, quantity }) => ({
    unitPrice: options[option]?.price ?? 0,
    quantity,
  }))
}
