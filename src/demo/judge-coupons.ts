import type { UserCouponStatus } from './answers.ts'
import type { IssuedCoupon, SoldOrder } from './books.ts'
import { type Evidence, unequal } from './evidence.ts'
import type { SalePlan } from './plan.ts'

/** Quantities and ranks of every coupon. */
export function judgeCoupons({ plan, books, audit }: Evidence): string[] {
  return plan.coupons.flatMap(({ totalQuantity }, coupon) => {
    const claims = [...books.claims.values()].filter((claim) => claim.coupon === coupon)
    const ranks = new Set(claims.map(({ rank }) => rank))
    const orders = [...books.orders.values()].filter((order) => order.coupon === coupon)
    const used = orders.filter((order) => statusAfter(plan, order) === 'USED').length
    const { issuedQuantity, usedQuantity } = audit.coupons[coupon] ?? {}
    return unequal({
      'buyers with it': [claims.length, totalQuantity],
      'different ranks': [ranks.size, totalQuantity],
      'highest rank': [Math.max(0, ...ranks), totalQuantity],
      issuedQuantity: [issuedQuantity, totalQuantity],
      usedQuantity: [usedQuantity, used],
    }).map((text) => `coupon ${coupon}: ${text}`)
  })
}

/** What the server says of every user's coupon. */
export function judgeUserCoupons({ plan, books, audit }: Evidence): string[] {
  const orderOf = new Map<string, SoldOrder>()
  for (const order of books.orders.values()) {
    if (order.coupon !== null) orderOf.set(order.userId, order)
  }
  return [...books.claims].flatMap(([userId, claim]) => {
    const order = orderOf.get(userId)
    const status = order ? statusAfter(plan, order) : statusUnused(plan, claim)
    const [only, ...more] = audit.userCoupons.get(userId) ?? []
    return unequal({
      [`coupons of ${userId}`]: [only ? 1 + more.length : 0, 1],
      [`coupon of ${userId}`]: [only?.userCouponId, claim.userCouponId],
      [`status of the coupon of ${userId}`]: [only?.status, status],
    })
  })
}

/** An order that is given up or wholly paid back gives its coupon back, unless the coupon says no. */
function statusAfter({ coupons }: SalePlan, { status, coupon }: SoldOrder): UserCouponStatus {
  const isRestored = coupon !== null && coupons[coupon]?.restoreOnCancel
  switch (status) {
    case 'PENDING':
      return 'HELD'
    case 'COMPLETED':
      return 'USED'
    case 'REFUNDED':
      return isRestored ? 'AVAILABLE' : 'USED'
    default:
      return isRestored ? 'AVAILABLE' : 'EXPIRED'
  }
}

/** By now those have ended that end at all. */
function statusUnused({ coupons }: SalePlan, { coupon }: IssuedCoupon): UserCouponStatus {
  return coupons[coupon]?.userCouponTtlSeconds === undefined ? 'AVAILABLE' : 'EXPIRED'
}
