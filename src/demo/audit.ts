import { setTimeout as sleep } from 'node:timers/promises'
import type { CouponAnswer, OrderAnswer, ProductAnswer, VerifyAnswer } from './answers.ts'
import type { SoldOrder } from './books.ts'
import { visitInParallel } from './parallel.ts'
import { buyersAtOnce, type Sale } from './sale.ts'
import { submit } from './submit.ts'

/** What the server says after the sale. Where it did not answer, the value is missing, and the checks fail. */
export type Audit = {
  orders: Map<string, OrderAnswer>
  /** Free units by the position of the option. */
  freeUnits: number[]
  coupon: CouponAnswer
  /** User id → balance. */
  balances: Map<string, number>
  verify: VerifyAnswer
}

const pollMs = 200
const latePaymentsMax = 20

/**
 * Waits until every hold has lapsed, tries to pay for some that have, reads every order and balance back, and asks
 * for the verification once the backlog is empty.
 */
export async function auditSale(sale: Sale): Promise<Audit> {
  await waitForDeadlines(sale)
  await payTooLate(sale)
  const orders = await readOrders(sale)
  const balances = await readBalances(sale)
  const verify = await verifyDrained(sale)
  const products = await Promise.all(
    sale.productIds.map((id) => read<ProductAnswer>(sale, `/v1/products/${id}`)),
  )
  const coupon = await read<CouponAnswer>(sale, `/v1/coupons/${sale.couponId}`)
  const freeById = new Map(products.flatMap(({ options }) => options.map((o) => [o.id, o.stock])))
  const freeUnits = sale.optionIds.map((id) => freeById.get(id) ?? Number.NaN)
  return { orders, freeUnits, coupon, balances, verify }
}

async function waitForDeadlines(sale: Sale): Promise<void> {
  const deadlines = lapsed(sale).map(({ placed }) => Date.parse(placed.expiresAt))
  await sleep(Math.max(0, ...deadlines.map((deadline) => deadline - Date.now())) + 1)
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

async function readBalances(sale: Sale): Promise<Map<string, number>> {
  const balances = new Map<string, number>()
  await visitInParallel(sale.plan.buyers, buyersAtOnce, async (buyer) => {
    const token = sale.userToken(buyer)
    const { balance } = await read<{ balance: number }>(sale, '/v1/me/balance', token)
    balances.set(sale.userId(buyer), balance)
  })
  return balances
}

async function verifyDrained(sale: Sale): Promise<VerifyAnswer> {
  for (;;) {
    const verify = await read<VerifyAnswer>(sale, '/v1/verify')
    if (verify.backlog === 0 || sale.signal.aborted) return verify
    await sleep(pollMs)
  }
}

async function read<Body>(sale: Sale, path: string, token = sale.adminToken): Promise<Body> {
  const { status, body } = await sale.client.send<Body>({ method: 'GET', path, token })
  if (status !== 200) throw new Error(`The server answered GET ${path} with ${status} ${body.code}`)
  return body
}
