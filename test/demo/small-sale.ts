import type { OrderAnswer, OrderItemAnswer } from '../../src/demo/answers.ts'
import { openBooks, type SoldOrder } from '../../src/demo/books.ts'
import { couponAt } from '../../src/demo/coupon-plans.ts'
import type { Evidence } from '../../src/demo/evidence.ts'
import { planSale } from '../../src/demo/plan.ts'
import { quote } from '../../src/domain/quote.ts'

type Purchase = {
  status?: SoldOrder['status']
  /** Position of the option, of which there are two. */
  option?: number
  quantity?: number
  unitPrice?: number
  /** Position of the coupon. */
  coupon?: number
  fromCart?: boolean
  sentAt?: number
  /** Units that were paid back for so much money, and whether they came back. */
  refund?: { quantity: number; amount: number; isRestocked: boolean }
}

const refusals = [
  ...['amount_changed', 'code_not_found', 'code_required', 'coupon_inactive'],
  ...['coupon_unavailable', 'idempotency_key_reused', 'min_order_amount', 'nothing_to_refund'],
  ...['insufficient_balance', 'order_expired', 'sold_out'],
]

/** A sale that is over, in which one of everything happened and all books balance. The price changed at 100 ms. */
export function smallSale(): Evidence {
  const plan = planSale(1)
  const facts = { product: 0, optionValue: 'EU 40', restock: 1 }
  plan.products = ['Runner']
  plan.options = [
    { ...facts, price: 10_000, newPrice: null, stock: 4 },
    { ...facts, price: 8_000, newPrice: 9_000, stock: 1 },
  ]
  for (const coupon of plan.coupons) coupon.totalQuantity = 1
  const books = openBooks()
  for (const code of refusals) books.refused.set(code, 1)
  books.repriced.set(1, { price: 9_000, sentAt: 100, answeredAt: 110 })
  for (const option of [0, 1]) books.restocked.set(option, 1)
  const options = ['option-0', 'option-1'].map((id) => ({ id, price: 0, stock: 0 }))
  const audit: Evidence['audit'] = {
    orders: new Map(),
    products: [{ id: 'product', status: 'OUT_OF_STOCK', options }],
    priceChanges: [{ optionId: 'option-1', oldPrice: 8_000, newPrice: 9_000, reason: 'a rush' }],
    coupons: plan.coupons.map((_, coupon) => ({
      id: `coupon-${coupon}`,
      issuedQuantity: 1,
      usedQuantity: coupon === couponAt.shortLived ? 0 : 1,
    })),
    userCoupons: new Map(),
    cartLines: new Map([['carol', 0]]),
    balances: new Map(),
    verify: { ok: true, backlog: 0, checks: [{ name: 'stock', ok: true, off: [] }] },
  }
  const evidence = { plan, books, optionIds: ['option-0', 'option-1'], audit }

  claim(evidence, 'alice', couponAt.percentage, 'USED')
  claim(evidence, 'bob', couponAt.fixed, 'USED')
  claim(evidence, 'carol', couponAt.singleUse, 'USED')
  claim(evidence, 'late', couponAt.shortLived, 'EXPIRED')
  // Two for 20,000 less 15 %, at most 2,500; half of it is paid back.
  const half = { quantity: 1, amount: 8_750, isRestocked: false }
  buy(evidence, 'alice', { quantity: 2, coupon: couponAt.percentage, refund: half })
  // Paid back whole, and the unit is sold again to Carol. This coupon stays used all the same.
  const whole = { quantity: 1, amount: 9_000, isRestocked: true }
  buy(evidence, 'bob', { status: 'REFUNDED', coupon: couponAt.fixed, refund: whole })
  buy(evidence, 'carol', { coupon: couponAt.singleUse, fromCart: true })
  buy(evidence, 'late', { quantity: 2 })
  buy(evidence, 'dave', { option: 1, unitPrice: 8_000, sentAt: 1 })
  buy(evidence, 'erin', { option: 1, unitPrice: 9_000, sentAt: 200 })
  buy(evidence, 'frank', { status: 'EXPIRED' })
  return evidence
}

function claim(
  { books, audit }: Evidence,
  userId: string,
  coupon: number,
  status: 'USED' | 'EXPIRED',
): void {
  const userCouponId = `coupon-${coupon}.1`
  books.claims.set(userId, { coupon, userCouponId, rank: 1, expiresAt: null })
  audit.userCoupons.set(userId, [{ userCouponId, status }])
}

/** Notes an order on both sides. The buyer had just the money for it, and 100 more. */
function buy({ plan, books, audit }: Evidence, userId: string, purchase: Purchase): void {
  const { status = 'COMPLETED', option = 0, quantity = 1, unitPrice = 10_000 } = purchase
  const { coupon = null, fromCart = false, sentAt = 1, refund } = purchase
  const price = quote(
    [{ unitPrice, quantity }],
    coupon === null ? null : (plan.coupons[coupon] ?? null),
  )
  const id = `order-${userId}`
  const item: OrderItemAnswer = {
    ...{ id: `${id}.1`, optionId: `option-${option}`, productId: 'product' },
    ...{ productName: 'Runner', optionValue: 'EU 40', unitPrice, quantity },
    ...{ subtotal: price.originalAmount, discountAmount: price.discountAmount, refundedAmount: 0 },
  }
  const isPaid = status !== 'EXPIRED'
  const placed: OrderAnswer = {
    ...{ id, userId, status: isPaid ? 'COMPLETED' : 'PENDING', items: [item], ...price },
    userCouponId: books.claims.get(userId)?.userCouponId ?? null,
    payment: isPaid ? { amount: price.finalAmount, status: 'PAID' } : null,
    ...{ expiresAt: '2026-01-01T00:00:03.000Z', cancelledAt: null },
  }
  books.orders.set(id, {
    ...{ id, userId, lines: [{ option, quantity }], fromCart, status, placed, coupon },
    ...{ span: { sentAt, answeredAt: sentAt + 5 }, statedAmount: price.finalAmount },
    refunds: refund ? [{ orderItemId: item.id, option, ...refund }] : [],
  })
  const now = structuredClone({ ...placed, status })
  if (refund && now.payment && now.items[0]) {
    now.payment.status = status === 'REFUNDED' ? 'REFUNDED' : 'PARTIALLY_REFUNDED'
    now.items[0].refundedAmount = refund.amount
  }
  audit.orders.set(id, now)
  const spent = isPaid ? price.finalAmount - (refund?.amount ?? 0) : 0
  books.charged.set(userId, price.finalAmount + 100)
  audit.balances.set(userId, price.finalAmount + 100 - spent)
}
