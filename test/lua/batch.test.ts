import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import { limits } from '../../src/limits.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

const users = ['ada', 'bob', 'cleo']
const acts = [
  'order',
  'buy',
  'buy with coupon',
  'cancel',
  'pay',
  'refund',
  'adjust',
  'price',
  'limit',
  'product',
  'claim',
  'raise',
  'pause',
] as const
const step = fc.record({ act: fc.constantFrom(...acts), n: fc.nat({ max: 100 }) })
type Step = { act: (typeof acts)[number]; n: number }

/** Everything that the commands of a batch may share: options of one product, a coupon, orders of each state. */
async function openStall() {
  const sale = await openSale(redis, uniqueShop())
  const { id: product, options } = await sale.product([{ stock: 7 }, { stock: 4, price: 700 }])
  const [one, two] = options.map(({ id }) => id) as [string, string]
  const coupon = await sale.coupon({ totalQuantity: 4, perUserLimit: 2 })
  const claims: string[] = []
  const orders: string[] = []
  for (const user of users) {
    await sale.charge(user, 6_000)
    claims.push(value(await sale.claim(coupon, user)).userCouponId)
    orders.push(value(await sale.order(user, { [one]: 1 })).id)
  }
  const paid = value(await sale.order('ada', { [one]: 1, [two]: 1 }, { pay: true })).id
  return { sale, product, one, two, coupon, claims, orders, paid }
}

type Stall = Awaited<ReturnType<typeof openStall>>

function take(stall: Stall, { act, n }: Step): Promise<Outcome<unknown, string>> {
  const { sale, product, one, two, coupon, claims, orders, paid } = stall
  const place = n % users.length
  const user = users[place] as string
  const lines = n % 4 === 0 ? { [one]: 1, [two]: 1 } : { [n % 2 ? one : two]: 1 + (n % 3) }
  switch (act) {
    case 'order':
      return sale.order(user, lines)
    case 'buy':
      return sale.order(user, lines, { pay: true })
    case 'buy with coupon':
      return sale.order(user, lines, { pay: true, userCouponId: claims[place] as string })
    case 'cancel':
      return sale.cancel(user, orders[place] as string)
    case 'pay':
      return sale.pay(user, orders[place] as string)
    case 'refund':
      return sale.refund(paid, {}, { restock: n % 2 === 0 })
    case 'adjust':
      return sale.adjust(n % 2 ? one : two, (n % 7) - 3 || 4)
    case 'price':
      return sale.updateOption(one, { price: 500 + (n % 3) * 100 })
    case 'limit':
      return sale.updateOption(one, { perUserLimit: n % 2 ? 2 : null })
    case 'product':
      return sale.updateProduct(product, { status: n % 3 ? 'ACTIVE' : 'OUT_OF_STOCK' })
    case 'claim':
      return sale.claim(coupon, user)
    case 'raise':
      return sale.updateCoupon(coupon, { totalQuantity: 3 + (n % 5) })
    case 'pause':
      return sale.updateCoupon(coupon, { status: n % 2 ? 'PAUSED' : 'ACTIVE' })
  }
}

/** What the shop has in the end, without the names that differ from shop to shop. */
async function outcomeOf({ sale, product, one, two, coupon }: Stall) {
  const facts = async (option: string) => {
    const { price, perUserLimit, status } = JSON.parse(
      (await redis.hget(`{${sale.shop}}:options`, option)) as string,
    )
    return { price, perUserLimit, status }
  }
  return {
    units: [await sale.units(one), await sale.units(two)],
    facts: [await facts(one), await facts(two)],
    coupon: await sale.issued(coupon),
    ranked: await sale.ranked(product, Date.now()),
    ofUsers: await Promise.all(users.map((user) => ofUser(sale, [one, two], user))),
    events: (await sale.events()).map(({ type }) => type),
  }
}

async function ofUser(sale: Sale, options: string[], user: string) {
  const bought = await Promise.all(options.map((option) => sale.bought(option, user)))
  return { balance: await sale.balance(user), bought }
}

// To raise a sold-out coupon takes two batches otherwise.
const { soldOutLatchMs } = limits
beforeAll(() => void Object.assign(limits, { soldOutLatchMs: 0 }))
afterAll(() => void Object.assign(limits, { soldOutLatchMs }))

describe('the commands of one batch', () => {
  it('decide what they would one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 24 }), async (steps) => {
        const [batched, single] = [await openStall(), await openStall()]
        const inBatch = (await Promise.all(steps.map((one) => take(batched, one)))).map(codeOf)
        const oneByOne: string[] = []
        for (const one of steps) oneByOne.push(codeOf(await take(single, one)))
        expect(inBatch).toEqual(oneByOne)
        expect(await outcomeOf(batched)).toEqual(await outcomeOf(single))
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  it('pay and refund an order, and leave no product in the ranking that nobody bought', async () => {
    const { sale, product, two, paid } = await openStall()
    const order = value(await sale.order('bob', { [two]: 1 })).id
    await sale.refund(paid)
    expect(await sale.ranked(product, Date.now())).toBe(null)
    const outcomes = await Promise.all([sale.pay('bob', order), sale.refund(order)])
    expect(outcomes.map(codeOf)).toEqual(['ok', 'ok'])
    expect(await sale.ranked(product, Date.now())).toBe(null)
  })
})
