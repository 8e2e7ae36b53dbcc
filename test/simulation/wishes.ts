import { isPaid, type Order, type Shop } from './model.ts'
import type { Request } from './requests.ts'

export const users = ['ada', 'bob', 'cleo']

/** Numbers that choose among what there is when a step comes: they shrink, and never name what does not exist. */
export type Choice = { a: number; b: number; c: number }

const at = <Value>(list: readonly Value[], n: number) => list[n % list.length] as Value
const past = 1_000
const future = Date.UTC(2100, 0)

/** Something to ask for, or undefined where there is nothing to ask about. */
export type Wish = (shop: Shop, choice: Choice, key: string) => Request | undefined

/** About one of the latest orders that it makes sense for, and sometimes about any other. */
const ofOrder =
  (
    makesSense: (order: Order) => boolean,
    wish: (order: Order, choice: Choice, key: string) => Request,
  ): Wish =>
  (shop, choice, key) => {
    const fitting = shop.orders.filter(makesSense)
    const orders = choice.a % 8 === 7 || fitting.length === 0 ? shop.orders : fitting
    const order = orders.at(-1 - (choice.a % Math.max(orders.length, 1)))
    return order && wish(order, choice, key)
  }
const isPending = ({ status }: Order) => status === 'PENDING'

const linesOf = (shop: Shop, { b, c }: Choice) => {
  const options = [...shop.options.keys()]
  const lines = { [at(options, b)]: 1 + (c % 3) }
  if (b % 3 === 0) lines[at(options, b + 1)] = 1 + (b % 2)
  if (b % 50 === 49) lines['no-option'] = 1
  return lines
}

const userCouponFor = (shop: Shop, userId: string, n: number) => {
  if (n % 2 === 0) return undefined
  const own = [...shop.userCoupons.values()].filter((one) => one.userId === userId)
  const isMistaken = n % 7 === 0 || own.length === 0
  return at(isMistaken ? [...shop.userCoupons.values()] : own, n >> 1)?.id
}

const placeOrder =
  (pay: boolean): Wish =>
  (shop, choice, key) => {
    const userId = at(users, choice.a)
    const userCouponId = userCouponFor(shop, userId, choice.a >> 2)
    const expectedAmount = choice.c % 11 === 10 ? choice.b : undefined
    const lines = choice.c % 5 === 4 ? 'cart' : linesOf(shop, choice)
    return {
      ask: 'order',
      key: `order ${key}`,
      userId,
      lines,
      ...(userCouponId !== undefined && { userCouponId }),
      ...(expectedAmount !== undefined && { expectedAmount }),
      pay,
    }
  }

export const wishes = {
  claim: (shop, { a, b }) => ({
    ask: 'claim',
    userId: at(users, a),
    couponId: b % 30 === 29 ? 'no-coupon' : at([...shop.coupons.keys()], b),
  }),
  claimByCode: (shop, { a, b }) => ({
    ask: 'claimByCode',
    userId: at(users, a),
    code: at(['SUMMER', 'NOTHING', ...shop.codes.keys(), ...shop.codes.keys()], b),
  }),
  hold: placeOrder(false),
  buy: placeOrder(true),
  pay: ofOrder(isPending, (order, { b }) => ({
    ask: 'pay',
    userId: b % 20 === 19 ? 'eve' : order.userId,
    orderId: order.id,
  })),
  cancel: ofOrder(isPending, (order, { b }) => ({
    ask: 'cancel',
    userId: b % 20 === 19 ? 'eve' : order.userId,
    orderId: order.id,
  })),
  refund: ofOrder(isPaid, (order, { b, c }, key) => {
    const line = b % (order.items.length + (b % 20 === 19 ? 1 : 0))
    return {
      ask: 'refund',
      key: `refund ${key}`,
      orderId: order.id,
      parts: b % 2 === 0 ? {} : { [`${order.id}.${line + 1}`]: 1 + (c % 2) },
      restock: c % 3 > 0,
    }
  }),
  adjust: (shop, { a, b }, key) => ({
    ask: 'adjust',
    key: `adjust ${key}`,
    optionId: at([...shop.options.keys()], a),
    change: at([1, -1, 2, -2, 3, -5, 1_000_000_000], b),
  }),
  charge: (_, { a, b }, key) => ({
    ask: 'charge',
    key: `charge ${key}`,
    userId: at(users, a),
    amount: at([1_000, 10_000, 333, 2_000_000_000, 9_999_999_000_000], b),
  }),
  setCart: (shop, { a, b, c }) => ({
    ask: 'setCart',
    userId: at(users, a),
    optionId: at([...shop.options.keys()], b),
    quantity: c % 4,
  }),
  updateProduct: (shop, { a, b }) => ({
    ask: 'updateProduct',
    productId: at([...shop.products.keys()], a),
    changes: at(
      [
        { status: 'ACTIVE' },
        { status: 'INACTIVE' },
        { status: 'OUT_OF_STOCK' },
        { name: 'Boots' },
        { description: 'Dry', brand: 'North' },
        { description: null },
        { name: 'Shoes', status: 'ACTIVE' },
      ] as const,
      b,
    ),
  }),
  updateOption: (shop, { a, b }) => ({
    ask: 'updateOption',
    optionId: at([...shop.options.keys()], a),
    changes: at(
      [
        { price: 0, reason: 'a present' },
        { price: 999_999_937 },
        { price: 777 },
        { perUserLimit: 2 },
        { perUserLimit: null, saleStartsAt: null, saleEndsAt: null },
        { saleStartsAt: future },
        { saleEndsAt: past },
        { saleStartsAt: past, saleEndsAt: future },
      ],
      b,
    ),
  }),
  updateCoupon: (shop, { a, b }) => ({
    ask: 'updateCoupon',
    couponId: at([...shop.coupons.keys()], a),
    changes: at(
      [
        { totalQuantity: 2 },
        { totalQuantity: 5 },
        { status: 'PAUSED' },
        { status: 'ACTIVE' },
        { status: 'ACTIVE', validUntil: null },
        { validUntil: past },
        { validUntil: future },
      ] as const,
      b,
    ),
  }),
  addCodes: (shop, { a, b }) => ({
    ask: 'addCodes',
    couponId: at([...shop.coupons.keys()], a),
    count: 1 + (b % 2),
  }),
  reap: () => ({ ask: 'reap' }),
  expireCoupons: (shop) => ({
    ask: 'expireCoupons',
    userCoupons: [...shop.userCoupons.values()].map(({ id, userId }) => ({ id, userId })),
  }),
} satisfies Record<string, Wish>
