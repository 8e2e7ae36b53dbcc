import { type Outcome, openClient, outcomeOf } from '../client/client.ts'
import type { ProductAnswer } from './answers.ts'
import { type Books, openBooks } from './books.ts'
import type { Client } from './client.ts'
import { couponAt } from './coupon-plans.ts'
import { type Milestones, openMilestones } from './milestones.ts'
import { openPause, type Pause } from './pause.ts'
import type { SalePlan } from './plan.ts'
import type { BuyerPlan } from './plan-buyer.ts'

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
  /** The sender of the rush, and of all that is sent by the thousand. */
  client: Client
  /** What the operator uses, as any operator would. */
  operator: ReturnType<typeof openClient>
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
  { url, client, sign }: { url: URL; client: Client; sign: SignToken },
  signal: AbortSignal,
): Promise<Sale> {
  const run = `demo-${Date.now().toString(36)}`
  const adminToken = sign({ sub: `${run}-admin`, role: 'admin' })
  const userId = (buyer: BuyerPlan) => `${run}-${buyer.number}`
  const tokens = plan.buyers.map((buyer) => sign({ sub: userId(buyer), role: 'user' }))
  const operator = openClient(url.origin, { token: adminToken })
  const { v1 } = operator

  const products: ProductAnswer[] = []
  for (const [position, name] of plan.products.entries()) {
    const options = plan.options
      .filter(({ product }) => product === position)
      .map(({ optionValue, price, stock }) => ({ optionValue, price, stock, holdMs: plan.holdMs }))
    const json = { name: `${name} (${run})`, brand: 'Stampede', options }
    products.push(await accepted(outcomeOf(v1.products.$post({ json }))))
  }
  const couponIds: string[] = []
  for (const coupon of plan.coupons) {
    const json = { ...coupon, name: `${coupon.name} (${run})` }
    couponIds.push((await accepted(outcomeOf(v1.coupons.$post({ json })))).id)
  }
  const answer = await v1.coupons[':id'].codes.$post({
    param: { id: couponIds[couponAt.singleUse] ?? '' },
    json: { count: plan.coupons[couponAt.singleUse]?.totalQuantity ?? 0 },
  })
  if (!answer.ok) throw new Error(`The server made no codes: ${answer.status}`)
  const [, ...codes] = (await answer.text()).trimEnd().split('\n')
  return {
    plan,
    client,
    operator,
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

/**
 * What the operator was answered.
 *
 * @throws Error where it is a refusal: the operator asks for nothing that has to be refused.
 */
export async function accepted<Body>(call: Promise<Outcome<Body>>): Promise<Body> {
  const outcome = await call
  if (outcome.ok) return outcome.body
  const { code, detail } = outcome.problem
  const hint = outcome.status === 401 ? ' Is it run with another DATA_DIR or JWT_SECRET?' : ''
  throw new Error(`The server refused the operator: ${code}: ${detail}${hint}`)
}
