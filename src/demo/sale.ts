import type { CouponAnswer, ProductAnswer } from './answers.ts'
import { type Books, openBooks } from './books.ts'
import type { Call, Client } from './client.ts'
import type { BuyerPlan, SalePlan } from './plan.ts'
import { isAccepted } from './submit.ts'

/**
 * Buyers that are served at the same time. With the requests that some of them send twice at once and the reader
 * beside them, this keeps 100 connections busy without a queue in front of them.
 */
export const buyersAtOnce = 90

/** Makes a token for a user of the running configuration. */
export type SignToken = (claims: { sub: string; role: 'user' | 'admin' }) => string

/** One run of the demo: its plan, what it created for itself, and its books. */
export type Sale = {
  plan: SalePlan
  client: Client
  books: Books
  /** Prefix of all names of this run, so that runs on the same shop do not meet. */
  run: string
  adminToken: string
  userId: (buyer: BuyerPlan) => string
  userToken: (buyer: BuyerPlan) => string
  productIds: string[]
  /** Ids of the options, at the positions that they have in the plan. */
  optionIds: string[]
  couponId: string
  /** Buyers who were told that units are held, in the order of their arrival. */
  waiting: BuyerPlan[]
  /** Aborted when the time of the demo is over. */
  signal: AbortSignal
}

/**
 * Creates products and a coupon of this run's own and signs everybody's token.
 *
 * @throws Error where the server refuses one of them.
 */
export async function openSale(
  plan: SalePlan,
  client: Client,
  sign: SignToken,
  signal: AbortSignal,
): Promise<Sale> {
  const run = `demo-${Date.now().toString(36)}`
  const adminToken = sign({ sub: `${run}-admin`, role: 'admin' })
  const userId = (buyer: BuyerPlan) => `${run}-${buyer.number}`
  const tokens = plan.buyers.map((buyer) => sign({ sub: userId(buyer), role: 'user' }))
  const products: ProductAnswer[] = []
  for (const [position, name] of plan.products.entries()) {
    const options = plan.options
      .filter(({ product }) => product === position)
      .map(({ optionValue, price, stock }) => ({ optionValue, price, stock, holdMs: plan.holdMs }))
    const body = { name: `${name} (${run})`, brand: 'Stampede', options }
    products.push(await create(client, { path: '/v1/products', token: adminToken, body }))
  }
  const coupon = await create<CouponAnswer>(client, {
    path: '/v1/coupons',
    token: adminToken,
    body: { name: `First come (${run})`, ...plan.coupon },
  })
  return {
    plan,
    client,
    books: openBooks(),
    run,
    adminToken,
    userId,
    userToken: (buyer) => tokens[buyer.number] ?? '',
    productIds: products.map(({ id }) => id),
    optionIds: products.flatMap(({ options }) => options.map(({ id }) => id)),
    couponId: coupon.id,
    waiting: [],
    signal,
  }
}

async function create<Body>(client: Client, call: Omit<Call, 'method'>): Promise<Body> {
  const answer = await client.send<Body>({ method: 'POST', ...call })
  if (isAccepted(answer)) return answer.body
  const hint = answer.status === 401 ? '; is it run with another DATA_DIR or JWT_SECRET?' : ''
  throw new Error(`The server refused ${call.path}: ${answer.status} ${answer.body.code}${hint}`)
}
