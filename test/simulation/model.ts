import type { CouponRecord, ProductRecord } from '../../src/domain/events.ts'

/**
 * What a shop has to remember, and nothing that can be computed from it: units that are free, held and sold follow from
 * the orders, what a coupon issued from the user coupons, a balance from its history. So nothing here can disagree.
 */
export type Shop = {
  products: Map<string, Product>
  options: Map<string, Option>
  coupons: Map<string, CouponRecord>
  userCoupons: Map<string, UserCoupon>
  /** Single-use code → its coupon and, once it is claimed, its user coupon. */
  codes: Map<string, { couponId: string; userCoupon?: UserCoupon }>
  /** User id → option id → quantity. */
  carts: Map<string, Map<string, number>>
  orders: Order[]
  refunds: Refund[]
  /** What an idempotency key was first asked for and answered. */
  records: Map<string, KeyRecord>
  balanceHistory: BalanceChange[]
  stockHistory: { option_id: string; type: string; change: number; order?: Order }[]
  couponHistory: { user_coupon_id: string; action: string; order?: Order | undefined }[]
  priceHistory: { option_id: string; old_price: number; new_price: number }[]
  /** Decisions that Postgres has to hear of. */
  events: number
}

export type Product = Omit<ProductRecord, 'options'>
export type Option = ProductRecord['options'][number] & { productId: string; putIn: number }

export type UserCoupon = {
  id: string
  couponId: string
  userId: string
  rank: number
  status: 'AVAILABLE' | 'HELD' | 'USED' | 'EXPIRED'
  hasLapsed: boolean
  order?: Order | undefined
}

export type Order = {
  /** Known from its first answer on. */
  id: string
  key: string
  userId: string
  status: 'PENDING' | 'COMPLETED' | 'CANCELLED' | 'EXPIRED' | 'REFUNDED'
  items: Item[]
  originalAmount: number
  discountAmount: number
  finalAmount: number
  userCoupon?: UserCoupon | undefined
  paidAtOnce: boolean
  hasLapsed: boolean
}

export type Item = {
  optionId: string
  productId: string
  quantity: number
  unitPrice: number
  subtotal: number
  discountAmount: number
  refundedQuantity: number
  restockedQuantity: number
  refundedAmount: number
}

export type Refund = {
  id: string
  order: Order
  amount: number
  restock: boolean
  items: { line: number; quantity: number; amount: number }[]
}

export type BalanceChange = {
  userId: string
  type: 'CHARGE' | 'DEDUCT' | 'REFUND'
  amount: number
  beforeAmount: number
  afterAmount: number
  order?: Order
}

export type KeyRecord = { body: string; first: Facts; order?: Order; isForgotten: boolean }

/** The main facts of an answer. */
export type Facts = Record<string, unknown>

export function openModel(): Shop {
  return {
    products: new Map(),
    options: new Map(),
    coupons: new Map(),
    userCoupons: new Map(),
    codes: new Map(),
    carts: new Map(),
    orders: [],
    refunds: [],
    records: new Map(),
    balanceHistory: [],
    stockHistory: [],
    couponHistory: [],
    priceHistory: [],
    events: 0,
  }
}

export const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

export const isPaid = ({ status }: Order) => status === 'COMPLETED' || status === 'REFUNDED'

const itemsOf = (orders: Order[], optionId: string) =>
  orders.flatMap(({ items }) => items).filter((item) => item.optionId === optionId)

export function unitsOf(shop: Shop, optionId: string) {
  const pending = shop.orders.filter(({ status }) => status === 'PENDING')
  const held = sum(itemsOf(pending, optionId).map(({ quantity }) => quantity))
  const paid = itemsOf(shop.orders.filter(isPaid), optionId)
  const sold = sum(paid.map(({ quantity, restockedQuantity }) => quantity - restockedQuantity))
  return { free: (shop.options.get(optionId) as Option).putIn - held - sold, held, sold }
}

/** What counts against the user's limit. */
export function boughtBy(shop: Shop, userId: string, optionId: string): number {
  const own = shop.orders.filter(
    (order) => order.userId === userId && (order.status === 'PENDING' || isPaid(order)),
  )
  const items = itemsOf(own, optionId)
  return sum(items.map(({ quantity, refundedQuantity }) => quantity - refundedQuantity))
}

export function balanceOf(shop: Shop, userId: string): number {
  return shop.balanceHistory.findLast((change) => change.userId === userId)?.afterAmount ?? 0
}

export function changeBalance(
  shop: Shop,
  change: Pick<BalanceChange, 'userId' | 'type' | 'amount' | 'order'>,
): BalanceChange {
  const beforeAmount = balanceOf(shop, change.userId)
  const afterAmount = beforeAmount + (change.type === 'DEDUCT' ? -change.amount : change.amount)
  const made = { ...change, beforeAmount, afterAmount }
  if (change.amount > 0) shop.balanceHistory.push(made)
  return made
}

export function issuedOf(shop: Shop, couponId: string): UserCoupon[] {
  return [...shop.userCoupons.values()].filter((one) => one.couponId === couponId)
}

/** floor(a × b / c), however large. */
export function shareOf(a: number, b: number, c: number): number {
  return c === 0 ? 0 : Number((BigInt(a) * BigInt(b)) / BigInt(c))
}

/** Of a percentage in basis points, rounded half up. */
export function discountOf(coupon: CouponRecord, amount: number): number {
  const { discountType, discountValue, maxDiscountAmount = Number.POSITIVE_INFINITY } = coupon
  const percentage = () => Number((BigInt(amount) * BigInt(discountValue) * 2n + 10_000n) / 20_000n)
  const discount = discountType === 'FIXED' ? discountValue : percentage()
  return Math.min(discount, maxDiscountAmount, amount)
}

/** In proportion to the subtotals; what rounding leaves goes to the largest, never beyond its subtotal. */
export function sharesOf(discount: number, subtotals: number[]): number[] {
  const shares = subtotals.map((subtotal) => shareOf(discount, subtotal, sum(subtotals)))
  const largestFirst = [...subtotals.keys()].sort(
    (a, b) => (subtotals[b] as number) - (subtotals[a] as number) || a - b,
  )
  for (const place of largestFirst) {
    const share = shares[place] as number
    shares[place] = share + Math.min(discount - sum(shares), (subtotals[place] as number) - share)
  }
  return shares
}

export const isPast = (timeMs: number | undefined) => timeMs !== undefined && timeMs <= Date.now()
export const isFuture = (timeMs: number | undefined) => timeMs !== undefined && timeMs > Date.now()
