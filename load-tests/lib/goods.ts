import { administer, bodyOf, callAll } from './call.ts'
import { adminToken, type Buyer, buyerOf } from './tokens.ts'

export type Product = { id: string; options: { id: string; stock: number }[] }
export type Coupon = { id: string; issuedQuantity: number }

/** What a run sells: `run` begins the names of all that it makes, so that runs in the same shop do not meet. */
export type Goods = { run: string; productId: string; optionIds: string[]; stock: number }

/** Price of every unit, in the minor unit of the money. */
export const price = 1_000
/** Unpaid orders lapse soon, so that the books can be closed right after a run. */
const holdMs = 2_000

export function newRun(): string {
  return `k6-${Date.now().toString(36)}`
}

/** Puts a product on sale, with its units spread evenly over the options. */
export function createProduct(run: string, stock: number, optionCount = 4): Goods {
  const inEach = Math.floor(stock / optionCount)
  const options = Array.from({ length: optionCount }, (_, index) => ({
    optionValue: `EU ${40 + index}`,
    price,
    stock: inEach + (index < stock % optionCount ? 1 : 0),
    holdMs,
  }))
  const body = { name: `Runner (${run})`, options }
  const product = administer<Product>('POST /v1/products', { body })
  return { run, productId: product.id, optionIds: product.options.map(({ id }) => id), stock }
}

export function createCoupon(run: string, totalQuantity: number, discount: Discount): Coupon {
  const body = { name: `Coupon (${run})`, ...discount, totalQuantity }
  return administer<Coupon>('POST /v1/coupons', { body })
}

type Discount = { discountType: 'FIXED' | 'PERCENTAGE'; discountValue: number }

/** Gives buyers the money for so many units each. */
export function chargeBuyers(run: string, buyers: Buyer[], unitsEach: number): void {
  const route = 'POST /v1/users/{id}/charges'
  const token = adminToken()
  const body = { amount: price * unitsEach }
  const charges = buyers.map(({ id }, number) => {
    return { id, token, key: `charge-${run}-${number}`, body }
  })
  for (const answer of callAll(route, charges)) bodyOf(route, answer)
}

/** Buyers who come again and again: so many of them. */
const regularCount = 500

/** Who arrives as the one with this number, counted from 0. */
export function regularOf(run: string, number: number): Buyer {
  return buyerOf(run, number % regularCount)
}

/** Gives the regular buyers the money for all that they may order, twice over. */
export function chargeRegulars(run: string, unitsInAll: number): void {
  const buyers = Array.from({ length: regularCount }, (_, number) => buyerOf(run, number))
  chargeBuyers(run, buyers, 2 * Math.ceil(unitsInAll / regularCount))
}
