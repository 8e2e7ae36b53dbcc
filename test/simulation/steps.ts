import fc from 'fast-check'
import { expectBooks, expectProof } from './compare.ts'
import type { Shop } from './model.ts'
import { type Request, withOtherBody } from './requests.ts'
import { type Choice, users, type Wish, wishes } from './wishes.ts'
import {
  ask,
  askAtOnce,
  drain,
  forgetFinished,
  type Loss,
  loseAndRebuild,
  type Model,
  pauseDrain,
  rebuildFailpoints,
  resumeDrain,
  type World,
} from './world.ts'

/** One step of a run. What it did is in its text, so that a counterexample reads as a story. */
class Step implements fc.AsyncCommand<Model, World> {
  readonly #name: string
  #story: string
  readonly #take: (model: Model, world: World) => Promise<unknown>

  constructor(name: string, take: (model: Model, world: World) => Promise<unknown>) {
    this.#name = name
    this.#story = name
    this.#take = take
  }

  check() {
    return true
  }

  async run(model: Model, world: World) {
    const before = model.sent.length
    try {
      await this.#take(model, world)
    } finally {
      const asked = model.sent.slice(before).map((request) => told(model.shop, request))
      if (asked.length > 0) this.#story = `${this.#name}: ${asked.join(' and ')}`
    }
  }

  toString() {
    return this.#story
  }
}

/** A request with names instead of the ids that the shop made up. */
function told({ products, options, coupons, orders }: Shop, request: Request): string {
  const named = { product: products.keys(), option: options.keys(), coupon: coupons.keys() }
  let text = JSON.stringify(request)
  for (const [kind, ids] of Object.entries(named)) {
    for (const [place, id] of [...ids].entries()) text = text.replaceAll(id, `${kind} ${place + 1}`)
  }
  for (const { id, key } of orders) if (id !== '') text = text.replaceAll(id, `id of ${key}`)
  return text
}

const choice: fc.Arbitrary<Choice> = fc.record({
  a: fc.nat(999),
  b: fc.nat(999),
  c: fc.nat(999),
})

/** The more often a wish is here, the more often somebody has it. */
const often = (names: Record<keyof typeof wishes, number>) =>
  Object.entries(names).flatMap(([name, weight]) =>
    Array<keyof typeof wishes>(weight).fill(name as keyof typeof wishes),
  )
const wish = fc.constantFrom(
  ...often({
    hold: 10,
    buy: 8,
    pay: 6,
    cancel: 4,
    refund: 7,
    claim: 8,
    claimByCode: 4,
    charge: 4,
    adjust: 4,
    setCart: 4,
    updateProduct: 2,
    updateOption: 2,
    updateCoupon: 2,
    addCodes: 1,
    reap: 1,
    expireCoupons: 1,
  }),
)

/** Those whose answers tell in which order they were decided, or for which it does not matter. */
const raceable = fc.constantFrom(
  ...([
    'hold',
    'hold',
    'buy',
    'pay',
    'cancel',
    'refund',
    'claim',
    'claimByCode',
    'charge',
  ] as const),
  'adjust' as const,
)

function requestOf(model: Model, name: keyof typeof wishes, made: Choice) {
  const wanted: Wish = wishes[name]
  return wanted(model.shop, made, `${++model.keys}`)
}

const single = fc.tuple(wish, choice).map(
  ([name, made]) =>
    new Step('asks', async (model, world) => {
      const request = requestOf(model, name, made)
      if (request) await ask(model, world, request, made.c)
    }),
)

const several = fc.array(fc.tuple(raceable, choice), { minLength: 2, maxLength: 5 }).map(
  (wanted) =>
    new Step('races', async (model, world) => {
      const requests = wanted.map(([name, made]) => requestOf(model, name, made))
      await askAtOnce(
        model,
        world,
        requests.filter((request) => request !== undefined),
      )
    }),
)

/** A client that was not answered asks again, while its first request is still under way. */
const doubled = fc.tuple(raceable, choice).map(
  ([name, made]) =>
    new Step('doubles', async (model, world) => {
      const request = requestOf(model, name, made)
      if (request) await askAtOnce(model, world, [request, request, request])
    }),
)

/**
 * Everybody wants the same coupon, first at once and then again through the same processes: what each of them has
 * learned of a coupon that is sold out must answer as Redis would. Those with the fewest units are chosen more often.
 */
const rushed = fc.record({ coupon: fc.constantFrom(4, 4, 3, 1, 0), shift: fc.nat(2) }).map(
  ({ coupon, shift }) =>
    new Step('rushes', async (model, world) => {
      const couponId = [...model.shop.coupons.keys()][coupon] as string
      const claims = users.map((_, by): Request => {
        const userId = users[(by + shift) % users.length] as string
        return { ask: 'claim', userId, couponId }
      })
      await askAtOnce(model, world, claims)
      for (const [by, claim] of claims.entries()) await ask(model, world, claim, by)
    }),
)

const earlier = (model: Model, n: number): Request | undefined =>
  model.sent.at(-1 - (n % Math.max(model.sent.length, 1)))

const repeated = fc.nat(30).map(
  (n) =>
    new Step('repeats', async (model, world) => {
      const request = earlier(model, n)
      if (request) await ask(model, world, request, n)
    }),
)

const reused = fc.nat(30).map(
  (n) =>
    new Step('reuses', async (model, world) => {
      const request = earlier(model, n)
      if (request) await ask(model, world, withOtherBody(request), n)
    }),
)

const lapsed = fc.nat(9).map(
  (n) =>
    new Step('lapses', async (model, world) => {
      const pending = model.shop.orders.filter(({ status }) => status === 'PENDING')
      const order = pending[n % Math.max(pending.length, 1)]
      if (!order) return
      order.hasLapsed = true
      await world.shop.lapse(order.id)
    }),
)

const couponLapsed = fc.nat(9).map(
  (n) =>
    new Step('lapses a coupon', async (model, world) => {
      const all = [...model.shop.userCoupons.values()]
      const userCoupon = all[n % Math.max(all.length, 1)]
      if (!userCoupon) return
      userCoupon.hasLapsed = true
      await world.shop.lapseCoupon(userCoupon.id, userCoupon.userId)
    }),
)

const failpoint = fc.constantFrom('beforeCommit' as const, 'afterCommit' as const)

const drains = fc.oneof(
  fc.constant(undefined).map(() => new Step('drains', drain)),
  failpoint.map((point) => new Step(`dies ${point}`, (model, world) => drain(model, world, point))),
  fc
    .constant(undefined)
    .map(
      () =>
        new Step('drains twice at once', (model, world) =>
          Promise.all([drain(model, world), drain(model, world)]),
        ),
    ),
  failpoint.map(
    (point) => new Step(`freezes ${point}`, (model, world) => pauseDrain(model, world, point)),
  ),
  fc.constant(undefined).map(() => new Step('thaws', resumeDrain)),
)

const forgotten = fc.constant(undefined).map(
  () =>
    new Step('forgets', async (model, world) => {
      await drain(model, world)
      await forgetFinished(model, world)
    }),
)

const audited = fc.constant(undefined).map(
  () =>
    new Step('audits', async (model, world) => {
      await drain(model, world)
      await expectBooks(model.shop, world)
    }),
)

const rebuilt = fc
  .tuple(
    fc.constantFrom<Loss[]>('all', 'some', 'none', 'undrained'),
    fc.nat(0xffff),
    fc.option(fc.constantFrom(...rebuildFailpoints), { nil: undefined }),
  )
  .map(
    ([lost, which, dying]) =>
      new Step(`loses ${lost} (${which}) and rebuilds, dying ${dying}`, (model, world) =>
        loseAndRebuild(model, world, { lost, which, dying }),
      ),
  )

/** A drain that had read what was lost then wakes in a shop that goes on without it. */
const outlived = fc.tuple(wish, choice).map(
  ([name, made]) =>
    new Step(
      'freezes a drain, loses what it had read, rebuilds, asks and thaws',
      async (model, world) => {
        await resumeDrain(model, world)
        await pauseDrain(model, world, 'beforeCommit')
        await loseAndRebuild(model, world, { lost: 'undrained', which: 0 })
        const request = requestOf(model, name, made)
        if (request) await ask(model, world, request, made.c)
        await resumeDrain(model, world)
      },
    ),
)

/** Everything that may happen to a shop, the more often the more often it is here. */
export const steps: fc.Arbitrary<Step>[] = [
  ...Array(30).fill(single),
  ...Array(6).fill(several),
  ...Array(4).fill(rushed),
  ...Array(4).fill(repeated),
  ...Array(4).fill(drains),
  ...Array(2).fill(doubled),
  ...Array(2).fill(reused),
  ...Array(2).fill(lapsed),
  ...Array(2).fill(couponLapsed),
  forgotten,
  audited,
  rebuilt,
  outlived,
]

/** The end of every run: all is persisted, and both stores say what the model says. */
export async function finish(model: Model, world: World, { isProved = false } = {}): Promise<void> {
  await resumeDrain(model, world)
  await drain(model, world)
  await expectBooks(model.shop, world)
  if (isProved) await expectProof(model.shop, world)
}
