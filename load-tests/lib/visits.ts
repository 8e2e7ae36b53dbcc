import exec from 'k6/execution'
import type { Options } from 'k6/options'
import { arrivals, common, everybodyServed } from './arrivals.ts'
import { booksBalance, checkBook, checkBooks, issuedUnits, soldAndFree } from './books.ts'
import { call } from './call.ts'
import { createCoupon, createProduct, type Goods, newRun, price } from './goods.ts'
import {
  cancellations,
  cancelOrder,
  type Order,
  orders,
  payments,
  payOrder,
  placeOrder,
} from './orders.ts'
import { outcomesOf, type Thresholds } from './outcomes.ts'
import { adminToken, type Buyer, buyerOf, requireBuyers } from './tokens.ts'

/*
 * What people do in a shop: everybody looks around, one in three goes away again. Half of the others claim a coupon
 * first. Some fill a cart and order it, the others order what they see; they pay at once, pay later or cancel, and some
 * get all or half of their money back.
 */

const unitsPerOrder = 2
const endings = ['pay at once', 'pay later', 'cancel', 'all back', 'half back'] as const
type Ending = (typeof endings)[number]

const looks = outcomesOf('looks')
const claims = outcomesOf('claims', ['sold_out'])
const charges = outcomesOf('charges')
const carts = outcomesOf('carts')
const refunds = outcomesOf('refunds')

/** What is in stock, and how many coupons there are. */
type Sizes = { stock: number; quantity: number }
export type VisitedShop = Goods & { couponId: string; quantity: number }

/**
 * The parts of a scenario that is nothing but visits.
 *
 * @param sizes.thresholds beyond those that all visits have.
 */
export function scenarioOfVisits(sizes: {
  ratePerSecond: number
  durationSeconds: number
  goods: Sizes
  thresholds?: Thresholds
}) {
  const { ratePerSecond, durationSeconds, goods, thresholds } = sizes
  const visits = ratePerSecond * durationSeconds
  const options: Options = {
    ...common,
    scenarios: { visits: arrivals({ ratePerSecond, durationSeconds }) },
    thresholds: { ...visitThresholds(visits), ...thresholds },
  }
  return {
    options,
    setup: () => openVisitedShop(visits, goods),
    teardown: (shop: VisitedShop) => checkBooks(proveVisits(shop)),
  }
}

export function openVisitedShop(visits: number, { stock, quantity }: Sizes): VisitedShop {
  // One more may come at the very end.
  requireBuyers(visits + 1)
  const run = newRun()
  const discount = { discountType: 'PERCENTAGE', discountValue: 1_000 } as const
  const coupon = createCoupon(run, quantity, discount)
  return { ...createProduct(run, stock), couponId: coupon.id, quantity }
}

export function visitThresholds(visits: number): Thresholds {
  return {
    ...booksBalance,
    ...everybodyServed(visits),
    ...Object.assign(
      {},
      ...[looks, claims, charges, carts, orders, payments, cancellations, refunds].map(
        ({ thresholds }) => thresholds,
      ),
    ),
  }
}

/** One visit, by the buyer whose turn it is. */
export function visit(goods: VisitedShop): void {
  const number = exec.scenario.iterationInTest
  looks.count(call('GET /v1/products', { query: 'limit=20' }))
  looks.count(call('GET /v1/products/{id}', { id: goods.productId }))
  if (number % 3 === 0) return

  const buyer = buyerOf(goods.run, number)
  const key = `${goods.run}-${number}`
  const userCouponId = number % 2 === 0 ? claim(goods.couponId, buyer) : null
  const charged = charge(buyer, key)
  if (charged === null) return
  const optionId = goods.optionIds[number % goods.optionIds.length] as string
  const ending = endings[Math.floor(number / 3) % endings.length] as Ending
  const takesCart = number % 5 < 2
  if (takesCart && !fillCart(optionId, buyer)) return
  const body = {
    ...(takesCart ? { fromCart: true } : { items: [{ optionId, quantity: unitsPerOrder }] }),
    ...(userCouponId !== null && { userCouponId }),
    pay: ending === 'pay at once',
  }
  const order = placeOrder(orders, { token: buyer.token, key, body })
  if (order !== null) finish(order, ending, { buyer, key, charged })
  else if (takesCart) emptyCart(optionId, buyer)
}

/** @returns the user coupon, or null where there is none left. */
function claim(couponId: string, { token }: Buyer): string | null {
  const answer = call('POST /v1/coupons/{id}/claims', { id: couponId, token })
  return claims.count(answer) ? (answer.json('userCouponId') as string) : null
}

/** Gives a buyer the money for his order. Returns what he has then, or null where that failed. */
function charge({ id }: Buyer, key: string): number | null {
  const body = { amount: price * unitsPerOrder }
  const answer = call('POST /v1/users/{id}/charges', { id, token: adminToken(), key, body })
  return charges.count(answer) ? (answer.json('afterAmount') as number) : null
}

/** Puts one unit into the cart, then as many as will be ordered, and reads it back. */
function fillCart(optionId: string, { token }: Buyer): boolean {
  for (const quantity of [1, unitsPerOrder]) {
    const parts = { id: optionId, token, body: { quantity } }
    if (!carts.count(call('PUT /v1/me/cart/items/{optionId}', parts))) return false
  }
  const answer = call('GET /v1/me/cart', { token })
  if (!carts.count(answer)) return false
  const { items } = answer.json() as { items: { optionId: string; quantity: number }[] }
  const own = items.find((item) => item.optionId === optionId)
  checkBook('a cart holds what was put in', own?.quantity === unitsPerOrder)
  return true
}

/** Takes out what could not be ordered, because the same buyer may come again. */
function emptyCart(optionId: string, { token }: Buyer): void {
  carts.count(call('DELETE /v1/me/cart/items/{optionId}', { id: optionId, token }))
}

type Purse = { buyer: Buyer; key: string; charged: number }

function finish(order: Order, ending: Ending, purse: Purse): void {
  const { token } = purse.buyer
  if (ending === 'cancel') {
    cancelOrder(token, order)
    return
  }
  if (ending !== 'pay at once' && !payOrder(token, order)) return
  if (ending === 'all back') refund(order, {}, order.finalAmount, purse)
  if (ending === 'half back') {
    const items = order.items.map(({ id }) => ({ orderItemId: id, quantity: unitsPerOrder / 2 }))
    refund(order, { items }, order.finalAmount / 2, purse)
  }
}

/** Pays back a part of an order, and sees whether the money has arrived. */
function refund({ id, finalAmount }: Order, body: object, due: number, purse: Purse): void {
  const { buyer, key, charged } = purse
  const answer = call('POST /v1/orders/{id}/refunds', { id, token: adminToken(), key, body })
  if (!refunds.count(answer)) return
  checkBook('a refund is what was paid for its units', answer.json('amount') === due)
  const balance = call('GET /v1/me/balance', { token: buyer.token })
  if (!looks.count(balance)) return
  const isRight = balance.json('balance') === charged - finalAmount + due
  checkBook('a balance is charge - payment + refund', isRight)
}

/** Proves the books of all visits. */
export function proveVisits(goods: VisitedShop): Record<string, boolean> {
  const isInBounds = issuedUnits(goods.couponId) <= goods.quantity
  return { ...soldAndFree(goods), 'no coupon is claimed that there is not': isInBounds }
}
