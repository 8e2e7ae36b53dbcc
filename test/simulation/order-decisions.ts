import type { CouponRecord } from '../../src/domain/events.ts'
import { limits } from '../../src/limits.ts'
import { type Answer, done, record, refused, replayed } from './answers.ts'
import {
  type BalanceChange,
  balanceOf,
  boughtBy,
  changeBalance,
  discountOf,
  type Facts,
  type Item,
  isFuture,
  isPaid,
  isPast,
  type Option,
  type Order,
  type Product,
  type Shop,
  shareOf,
  sharesOf,
  sum,
  type UserCoupon,
  unitsOf,
} from './model.ts'
import type { OrderRequest, RefundRequest } from './requests.ts'

type Line = { optionId: string; quantity: number; option: Option; product: Product }

/** Each refusal stands for all lines before the next kind of refusal is looked for. */
const refusalsOfLines: [code: string, (shop: Shop, line: Line, userId: string) => boolean][] = [
  ['product_inactive', (_, { product }) => product.status === 'INACTIVE'],
  ['not_started', (_, { option }) => isFuture(option.saleStartsAt)],
  ['ended', (_, { option }) => isPast(option.saleEndsAt)],
  [
    'per_user_limit',
    (shop, { option, quantity }, userId) =>
      option.perUserLimit !== undefined &&
      boughtBy(shop, userId, option.id) + quantity > option.perUserLimit,
  ],
  [
    'sold_out',
    (shop, { optionId, quantity, product }) => {
      const { free, held } = unitsOf(shop, optionId)
      return product.status === 'OUT_OF_STOCK' || free + held < quantity
    },
  ],
  ['held', (shop, { optionId, quantity }) => unitsOf(shop, optionId).free < quantity],
]

export function order(shop: Shop, request: OrderRequest): Answer {
  const { userId, userCouponId, expectedAmount } = request
  const cart = [...(shop.carts.get(userId) ?? [])]
  const wanted = request.lines === 'cart' ? cart : Object.entries(request.lines)
  if (wanted.length === 0) return refused('cart_empty')
  if (wanted.some(([optionId]) => !shop.options.has(optionId))) return refused('option_not_found')
  const lines = wanted.map(([optionId, quantity]) => {
    const option = shop.options.get(optionId) as Option
    return { optionId, quantity, option, product: shop.products.get(option.productId) as Product }
  })
  const userCoupon = userCouponId === undefined ? undefined : shop.userCoupons.get(userCouponId)

  function assess(): string | undefined {
    for (const [code, refuses] of refusalsOfLines) {
      if (lines.some((line) => refuses(shop, line, userId))) return code
    }
    if (userCouponId === undefined) return undefined
    const isOwn = userCoupon?.userId === userId
    const isUsable = isOwn && userCoupon.status === 'AVAILABLE' && !userCoupon.hasLapsed
    return isUsable ? undefined : 'coupon_unavailable'
  }
  let refusal = assess()
  // What is missing may be on hold by an order whose deadline has passed.
  const mayHaveLapsed = ['per_user_limit', 'held', 'coupon_unavailable'].includes(refusal ?? '')
  if (mayHaveLapsed && reap(shop) > 0) refusal = assess()
  if (refusal) return refused(refusal)

  const subtotals = lines.map(({ option, quantity }) => option.price * quantity)
  const originalAmount = sum(subtotals)
  const coupon = userCoupon && (shop.coupons.get(userCoupon.couponId) as CouponRecord)
  if (coupon && originalAmount < coupon.minOrderAmount) return refused('min_order_amount')
  const discountAmount = coupon ? discountOf(coupon, originalAmount) : 0
  const finalAmount = originalAmount - discountAmount
  if (expectedAmount !== undefined && expectedAmount !== finalAmount) {
    return refused('amount_changed', { originalAmount, discountAmount, finalAmount })
  }
  const paidAtOnce = request.pay || finalAmount === 0
  if (paidAtOnce && finalAmount > balanceOf(shop, userId)) return refused('insufficient_balance')

  const shares = sharesOf(discountAmount, subtotals)
  const items = lines.map(({ optionId, option, quantity }, place) => ({
    optionId,
    productId: option.productId,
    quantity,
    unitPrice: option.price,
    subtotal: subtotals[place] as number,
    discountAmount: shares[place] as number,
    refundedQuantity: 0,
    restockedQuantity: 0,
    refundedAmount: 0,
  }))
  const placed: Order = {
    id: '',
    key: request.key,
    userId,
    status: 'PENDING',
    items,
    originalAmount,
    discountAmount,
    finalAmount,
    userCoupon,
    paidAtOnce,
    hasLapsed: false,
  }
  if (request.lines === 'cart') shop.carts.delete(userId)
  shop.orders.push(placed)
  for (const { optionId, quantity } of items) {
    shop.stockHistory.push({ option_id: optionId, type: 'ORDER', change: -quantity, order: placed })
  }
  let change: BalanceChange | undefined
  if (paidAtOnce) change = settle(shop, placed)
  else if (userCoupon) moveCoupon(shop, placed, 'HELD')
  const answer = record(shop, request, orderFacts(placed), { of: placed, order: placed })
  // A repeated request is not told what the first one changed elsewhere.
  return { ...answer, facts: { ...answer.facts, ...changeFacts(change) } }
}

export function pay(shop: Shop, { userId, orderId }: { userId: string; orderId: string }): Answer {
  const found = findOrder(shop, orderId)
  if (found?.userId !== userId) return refused('order_not_found')
  if (isPaid(found)) return replayed(orderFacts(found))
  if (found.status === 'CANCELLED') return refused('order_cancelled')
  if (isOver(shop, found)) return refused('order_expired')
  if (found.finalAmount > balanceOf(shop, userId)) return refused('insufficient_balance')
  const change = settle(shop, found)
  shop.events++
  return done({ ...orderFacts(found), ...changeFacts(change) })
}

export function cancel(
  shop: Shop,
  { userId, orderId }: { userId: string; orderId: string },
): Answer {
  const found = findOrder(shop, orderId)
  if (found?.userId !== userId) return refused('order_not_found')
  if (isPaid(found)) return refused('order_completed')
  if (found.status === 'CANCELLED') return replayed(orderFacts(found))
  if (isOver(shop, found)) return refused('order_expired')
  release(shop, found, 'CANCELLED')
  return done(orderFacts(found))
}

/** Expires the pending orders whose deadline has passed. Returns how many. */
export function reap(shop: Shop): number {
  const lapsed = shop.orders.filter(({ status, hasLapsed }) => status === 'PENDING' && hasLapsed)
  for (const one of lapsed) release(shop, one, 'EXPIRED')
  return lapsed.length
}

export function refund(shop: Shop, request: RefundRequest): Answer {
  const found = findOrder(shop, request.orderId)
  if (!found) return refused('order_not_found')
  const lineOf = (id: string) => found.items.findIndex((_, at) => id === `${found.id}.${at + 1}`)
  const parts = Object.entries(request.parts).map(([id, quantity]) => ({
    line: lineOf(id),
    quantity,
  }))
  if (parts.some(({ line }) => line < 0)) return refused('order_item_not_found')
  const left = found.items.map(({ quantity, refundedQuantity }) => quantity - refundedQuantity)
  const wanted = (parts.length > 0 ? parts : left.map((quantity, line) => ({ line, quantity })))
    .filter(({ quantity }) => quantity > 0)
    .sort((a, b) => a.line - b.line)
  const isLeft = wanted.every(({ line, quantity }) => quantity <= (left[line] as number))
  if (found.status !== 'COMPLETED' || wanted.length === 0 || !isLeft) {
    return refused('nothing_to_refund')
  }
  const items = wanted.map(({ line, quantity }) => {
    const item = found.items[line] as Item
    const due = shareOf(
      item.subtotal - item.discountAmount,
      item.refundedQuantity + quantity,
      item.quantity,
    )
    return { line, quantity, amount: due - item.refundedAmount }
  })
  const amount = sum(items.map((part) => part.amount))
  const { userId } = found
  if (balanceOf(shop, userId) + amount > limits.balanceMax) return refused('balance_limit')

  for (const part of items) {
    const item = found.items[part.line] as Item
    item.refundedQuantity += part.quantity
    item.refundedAmount += part.amount
    if (!request.restock) continue
    item.restockedQuantity += part.quantity
    shop.stockHistory.push({
      option_id: item.optionId,
      type: 'REFUND',
      change: part.quantity,
      order: found,
    })
  }
  const isWhole = found.items.every((item) => item.refundedQuantity === item.quantity)
  if (isWhole) {
    found.status = 'REFUNDED'
    if (found.userCoupon && isRestorable(shop, found.userCoupon))
      moveCoupon(shop, found, 'AVAILABLE')
  }
  changeBalance(shop, { userId, type: 'REFUND', amount, order: found })
  const made = { id: '', order: found, amount, restock: request.restock, items }
  shop.refunds.push(made)
  const first = {
    orderId: found.id,
    userId,
    amount,
    restock: request.restock,
    orderStatus: found.status,
    items: items.map(({ line, quantity, amount }) => ({
      orderItemId: `${found.id}.${line + 1}`,
      quantity,
      amount,
    })),
  }
  return record(shop, request, first, { of: made })
}

function findOrder(shop: Shop, orderId: string): Order | undefined {
  return shop.orders.find(({ id }) => id === orderId)
}

function isOver(shop: Shop, found: Order): boolean {
  if (found.status === 'PENDING' && found.hasLapsed) release(shop, found, 'EXPIRED')
  return found.status === 'EXPIRED'
}

function settle(shop: Shop, paid: Order): BalanceChange {
  paid.status = 'COMPLETED'
  if (paid.userCoupon) moveCoupon(shop, paid, 'USED')
  const { userId, finalAmount } = paid
  return changeBalance(shop, { userId, type: 'DEDUCT', amount: finalAmount, order: paid })
}

function release(shop: Shop, given: Order, status: 'CANCELLED' | 'EXPIRED'): void {
  given.status = status
  const type = status === 'EXPIRED' ? 'EXPIRE' : 'CANCEL'
  for (const { optionId, quantity } of given.items) {
    shop.stockHistory.push({ option_id: optionId, type, change: quantity, order: given })
  }
  if (given.userCoupon) {
    moveCoupon(shop, given, isRestorable(shop, given.userCoupon) ? 'AVAILABLE' : 'EXPIRED')
  }
  shop.events++
}

function isRestorable(shop: Shop, { couponId, hasLapsed }: UserCoupon): boolean {
  return !hasLapsed && (shop.coupons.get(couponId) as CouponRecord).restoreOnCancel
}

function moveCoupon(shop: Shop, by: Order, status: UserCoupon['status']): void {
  const userCoupon = by.userCoupon as UserCoupon
  userCoupon.status = status
  userCoupon.order = status === 'HELD' || status === 'USED' ? by : undefined
  shop.couponHistory.push({
    user_coupon_id: userCoupon.id,
    action: status === 'AVAILABLE' ? 'RESTORED' : status,
    order: by,
  })
}

export function paymentStatusOf(one: Order): string | undefined {
  if (!isPaid(one)) return undefined
  if (one.status === 'REFUNDED') return 'REFUNDED'
  return one.items.some((item) => item.refundedQuantity > 0) ? 'PARTIALLY_REFUNDED' : 'PAID'
}

/** An order as it is now. */
function orderFacts(one: Order): Facts {
  const { id, userId, status, originalAmount, discountAmount, finalAmount, userCoupon } = one
  return {
    ...(id !== '' && { id }),
    userId,
    status,
    originalAmount,
    discountAmount,
    finalAmount,
    userCouponId: userCoupon?.id,
    payment: isPaid(one) ? { amount: finalAmount, status: paymentStatusOf(one) } : undefined,
    items: one.items.map((item) => ({
      optionId: item.optionId,
      productId: item.productId,
      quantity: item.quantity,
      unitPrice: item.unitPrice,
      subtotal: item.subtotal,
      discountAmount: item.discountAmount,
      refundedQuantity: item.refundedQuantity || undefined,
    })),
  }
}

function changeFacts(change: BalanceChange | undefined): Facts {
  if (!change?.amount) return { balanceChange: undefined }
  const { amount, beforeAmount, afterAmount } = change
  return { balanceChange: { amount, beforeAmount, afterAmount } }
}
