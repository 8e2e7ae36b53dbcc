import { setTimeout as sleep } from 'node:timers/promises'
import { type Outcome, outcomeOf } from '../client/client.ts'
import type {
  CartAnswer,
  CouponAnswer,
  OrderAnswer,
  PriceChangeAnswer,
  ProductAnswer,
  UserCouponAnswer,
  VerifyAnswer,
} from './answers.ts'
import type { SoldOrder } from './books.ts'
import { waitUntilPast } from './deadlines.ts'
import { visitInParallel } from './parallel.ts'
import { accepted, buyersAtOnce, type Sale } from './sale.ts'
import { submit } from './submit.ts'

/** What the server says after the sale. Where it did not answer, the value is missing, and the checks fail. */
export type Audit = {
  orders: Map<string, OrderAnswer>
  /** By the position of the product. */
  products: ProductAnswer[]
  priceChanges: PriceChangeAnswer[]
  /** By the position of the coupon. */
  coupons: CouponAnswer[]
  /** User id → the user's coupons, of those who have claimed one. */
  userCoupons: Map<string, UserCouponAnswer[]>
  /** User id → lines in the cart, of those who have ordered it. */
  cartLines: Map<string, number>
  /** User id → balance. */
  balances: Map<string, number>
  verify: VerifyAnswer
}

const pollMs = 200
const latePaymentsMax = 20

/**
 * Waits until every hold has lapsed, tries to pay for some that have, reads back every order, balance, coupon and cart,
 * and asks for the verification once the backlog is empty.
 */
export async function auditSale(sale: Sale): Promise<Audit> {
  const { books, plan, productIds, couponIds } = sale
  const { products, coupons } = sale.operator.v1
  await waitUntilPast(lapsed(sale).map(({ placed }) => placed.expiresAt))
  await payTooLate(sale)
  const orders = await readOrders(sale)
  const verify = await verifyDrained(sale)
  const claimants = plan.buyers.filter((buyer) => books.claims.has(sale.userId(buyer)))
  const cartBuyers = new Set(
    [...books.orders.values()].filter(({ fromCart }) => fromCart).map(({ userId }) => userId),
  )
  return {
    orders,
    products: await ofEach(productIds, (param) => outcomeOf(products[':id'].$get({ param }))),
    priceChanges: await readPriceChanges(sale),
    coupons: await ofEach(couponIds, (param) => outcomeOf(coupons[':id'].$get({ param }))),
    userCoupons: await readOwn(
      sale,
      claimants,
      '/v1/me/coupons',
      ({ items }: { items: UserCouponAnswer[] }) => items,
    ),
    cartLines: await readOwn(
      sale,
      plan.buyers.filter((buyer) => cartBuyers.has(sale.userId(buyer))),
      '/v1/me/cart',
      ({ items }: CartAnswer) => items.length,
    ),
    balances: await readOwn(
      sale,
      plan.buyers,
      '/v1/me/balance',
      ({ balance }: { balance: number }) => balance,
    ),
    verify,
  }
}

/** A lapsed order is never paid, whether or not anything has noticed yet that it has lapsed. */
async function payTooLate(sale: Sale): Promise<void> {
  const { books } = sale
  for (const { id, userId } of lapsed(sale).slice(0, latePaymentsMax)) {
    const buyer = sale.plan.buyers.find((candidate) => sale.userId(candidate) === userId)
    if (!buyer) continue
    const answer = await submit(sale.client, books, {
      method: 'POST',
      path: `/v1/orders/${id}/payment`,
      token: sale.userToken(buyer),
      repeat: 'never',
      refusals: ['order_expired'],
    })
    if (answer?.body.code === 'order_expired') continue
    books.faults.push({ promise: 'late payments', text: `order ${id}: ${answer?.status}` })
  }
}

function lapsed(sale: Sale): SoldOrder[] {
  return [...sale.books.orders.values()].filter(({ status }) => status === 'EXPIRED')
}

async function readOrders(sale: Sale): Promise<Map<string, OrderAnswer>> {
  const orders = new Map<string, OrderAnswer>()
  await visitInParallel(sale.books.orders.values(), buyersAtOnce, async ({ id }) => {
    let order = await read<OrderAnswer>(sale, `/v1/orders/${id}`)
    // The sweeper that expires lapsed holds comes by once in a while.
    while (order.status === 'PENDING' && !sale.signal.aborted) {
      await sleep(pollMs)
      order = await read<OrderAnswer>(sale, `/v1/orders/${id}`)
    }
    orders.set(id, order)
  })
  return orders
}

/** Reads what each of these buyers has at a path, in the buyer's own name. */
async function readOwn<Body, Value>(
  sale: Sale,
  buyers: Sale['plan']['buyers'],
  path: string,
  take: (body: Body) => Value,
): Promise<Map<string, Value>> {
  const values = new Map<string, Value>()
  await visitInParallel(buyers, buyersAtOnce, async (buyer) => {
    const body = await read<Body>(sale, path, sale.userToken(buyer))
    values.set(sale.userId(buyer), take(body))
  })
  return values
}

function ofEach<Body>(
  ids: string[],
  ask: (param: { id: string }) => Promise<Outcome<Body>>,
): Promise<Body[]> {
  return Promise.all(ids.map((id) => accepted(ask({ id }))))
}

async function readPriceChanges({ operator, productIds }: Sale): Promise<PriceChangeAnswer[]> {
  const { products } = operator.v1
  const histories = await ofEach(productIds, (param) =>
    outcomeOf(products[':id']['price-history'].$get({ param, query: {} })),
  )
  return histories.flatMap(({ items }) => items)
}

async function verifyDrained(sale: Sale): Promise<VerifyAnswer> {
  for (;;) {
    const verify = await accepted(outcomeOf(sale.operator.v1.verify.$get()))
    if (verify.backlog === 0 || sale.signal.aborted) return verify
    await sleep(pollMs)
  }
}

/**
 * Orders and what each buyer has are read by the thousand, so the sender of the rush reads them. A Postgres that was
 * late for one of them says the same a moment later.
 */
async function read<Body>(sale: Sale, path: string, token = sale.adminToken): Promise<Body> {
  for (;;) {
    const { status, body } = await sale.client.send<Body>({ method: 'GET', path, token })
    if (status === 200) return body
    if (status !== 503 || sale.signal.aborted) {
      throw new Error(`The server answered GET ${path} with ${status} ${body.code}`)
    }
    await sleep(pollMs)
  }
}
