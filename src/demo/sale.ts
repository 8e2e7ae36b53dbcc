import type { CouponAnswer, ProductAnswer } from './answers.ts'
import { type Books, openBooks } from './books.ts'
import type { Call, Client } from './client.ts'
import { couponAt } from './coupon-plans.ts'
import { type Milestones, openMilestones } from './milestones.ts'
import { openPause, type Pause } from './pause.ts'
import type { SalePlan } from './plan.ts'
import type { BuyerPlan } from './plan-buyer.ts'
import { isAccepted } from './submit.ts'

/**
 * Buyers that are served at the same time. With the requests that some of them send twice at once, the operator and the
 * reader beside them, this keeps 100 connections busy without a queue in front of them.
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
  /** Ids of the options and of the coupons, at the positions that they have in the plan. */
  optionIds: string[]
  couponIds: string[]
  /** Single-use codes, at the positions that the plan gives them. */
  codes: string[]
  /** Buyers who went away with nothing, in the order of their arrival. */
  waiting: BuyerPlan[]
  /** Buyers who have left in the rush. */
  visits: Milestones
  pause: Pause
  /** Aborted when the time of the demo is over. */
  signal: AbortSignal
}

/**
 * Creates products, coupons and codes of this run's own and signs everybody's token.
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
  const create = <Body>(path: string, body: unknown) =>
    request<Body>(client, { path, token: adminToken, body })

  const products: ProductAnswer[] = []
  for (const [position, name] of plan.products.entries()) {
    const options = plan.options
      .filter(({ product }) => product === position)
      .map(({ optionValue, price, stock }) => ({ optionValue, price, stock, holdMs: plan.holdMs }))
    const body = { name: `${name} (${run})`, brand: 'Stampede', options }
    products.push(await create('/v1/products', body))
  }
  const couponIds: string[] = []
  for (const coupon of plan.coupons) {
    const body = { ...coupon, name: `${coupon.name} (${run})` }
    couponIds.push((await create<CouponAnswer>('/v1/coupons', body)).id)
  }
  const csv = await create<string>(`/v1/coupons/${couponIds[couponAt.singleUse]}/codes`, {
    count: plan.coupons[couponAt.singleUse]?.totalQuantity,
  })
  const [, ...codes] = csv.trimEnd().split(/\r?\n/)
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
    couponIds,
    codes,
    waiting: [],
    visits: openMilestones(),
    pause: openPause(),
    signal,
  }
}

async function request<Body>(client: Client, call: Omit<Call, 'method'>): Promise<Body> {
  const answer = await client.send<Body>({ method: 'POST', ...call })
  if (isAccepted(answer)) return answer.body
  const hint = answer.status === 401 ? '; is it run with another DATA_DIR or JWT_SECRET?' : ''
  throw new Error(`The server refused ${call.path}: ${answer.status} ${answer.body.code}${hint}`)
}
