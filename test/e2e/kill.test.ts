import { expect, it, onTestFinished, vi } from 'vitest'
import { type Client, openClient } from '../../src/demo/client.ts'
import { visitInParallel } from '../../src/demo/parallel.ts'
import { engineSettings, signToken, startEngine } from './engine.ts'
import {
  type Entry,
  type Errands,
  fateOf,
  type Journal,
  type Kind,
  openJournal,
} from './journal.ts'

const connections = 30
const answersBeforeTheCrash = 1_500
const price = 1_000
const charge = 5_000
/** One sells out before the crash, the other is in full swing. */
const stock = { scarce: 80, plenty: 100_000 }
const admin = signToken('boss', 'admin')

type Shop = { productId: string; scarce: string; plenty: string; couponId: string }
type Order = { id: string; status: string; finalAmount: number; items: { optionId: string }[] }
type Body = Record<string, unknown>

it('loses nothing that was accepted when all is killed at once, the servers included', async () => {
  const settings = engineSettings()
  let engine = await startEngine(settings)
  const shop = await openShop(engine.url)
  const journal = openJournal(engine.url)
  onTestFinished(journal.close)

  const crash = journal.reaches(answersBeforeTheCrash).then(engine.crash)
  await sell(shop, journal)
  expect(await crash, 'killed servers').toBe(2)
  const fates = [...journal.users.values()].flatMap((errands) => Object.values(errands).map(fateOf))
  for (const fate of ['accepted', 'refused', 'unknown']) expect(fates).toContain(fate)

  engine = await startEngine(settings)
  const client = openClient(new URL(engine.url))
  onTestFinished(client.close)
  const claims: Body[] = []
  const orders: Order[] = []
  await visitInParallel(journal.users, connections, async ([userId, errands]) => {
    const had = await readEffects(client, userId)
    expectOnlyWhatWasAnswered(had, errands)
    for (const kind of ['charge', 'claim', 'order', 'finish'] as const) {
      const body = await repeat(client, kind, errands[kind], had)
      if (kind === 'claim' && body) claims.push(body)
    }
    orders.push(...(await readEffects(client, userId)).orders)
  })

  // Every rank from 1 on was given once, and every unit is in an order or free.
  const ranks = claims.map(({ rank }) => Number(rank)).sort((one, other) => one - other)
  expect(ranks).toEqual(ranks.map((_, index) => index + 1))
  expect(await engine.get(`/v1/coupons/${shop.couponId}`)).toMatchObject({
    issuedQuantity: ranks.length,
  })
  const taken = orders
    .filter(({ status }) => status !== 'CANCELLED')
    .map(({ items }) => items[0]?.optionId)
  expect(await engine.get(`/v1/products/${shop.productId}`)).toMatchObject({
    options: [
      { stock: stock.scarce - taken.filter((id) => id === shop.scarce).length },
      { stock: stock.plenty - taken.filter((id) => id === shop.plenty).length },
    ],
  })
  const drained = async () => {
    const { body } = await client.send({ method: 'GET', path: '/v1/verify', token: admin })
    expect(body).toMatchObject({ ok: true, backlog: 0 })
  }
  await vi.waitFor(drained, 15_000)
}, 60_000)

async function openShop(url: string): Promise<Shop> {
  const client = openClient(new URL(url))
  const create = async <Created>(path: string, body: unknown) =>
    (await client.send<Created>({ method: 'POST', path, token: admin, body })).body
  const product = await create<{ id: string; options: { id: string }[] }>('/v1/products', {
    name: 'Trainers',
    options: [
      { optionValue: 'scarce', price, stock: stock.scarce },
      { optionValue: 'plenty', price, stock: stock.plenty },
    ],
  })
  const coupon = await create<{ id: string }>('/v1/coupons', {
    name: 'A tenth off',
    discountType: 'PERCENTAGE',
    discountValue: 1_000,
    totalQuantity: 100_000,
  })
  client.close()
  const [scarce, plenty] = product.options.map(({ id }) => id) as [string, string]
  return { productId: product.id, scarce, plenty, couponId: coupon.id }
}

/** Sells to one user after the other until an answer stays away. */
async function sell(shop: Shop, journal: Journal): Promise<void> {
  let isOver = false
  function* usersToCome() {
    for (let number = 1; !isOver; number += 1) yield number
  }
  await visitInParallel(usersToCome(), connections, async (number) => {
    const fates = await buy(number, shop, journal)
    if (fates.includes('unknown')) isOver = true
  })
}

/** A charge, a claim, an order and its payment or cancellation, as far as it goes. */
async function buy(number: number, shop: Shop, journal: Journal) {
  const userId = `user-${number}`
  const entries: Entry[] = []
  const post = async (kind: Kind, path: string, body?: unknown) => {
    if (entries.some((entry) => fateOf(entry) === 'unknown')) return null
    const token = kind === 'charge' ? admin : signToken(userId)
    const call = { method: 'POST', path, token, key: `${kind}-${number}`, body } as const
    const entry = await journal.send(userId, kind, call)
    entries.push(entry)
    return fateOf(entry) === 'accepted' ? (entry.answer?.body ?? null) : null
  }

  // One in five has no money.
  if (number % 5 > 0) await post('charge', `/v1/users/${userId}/charges`, { amount: charge })
  const claim = await post('claim', `/v1/coupons/${shop.couponId}/claims`)
  const pay = number % 2 === 0
  const order = await post('order', '/v1/orders', {
    items: [{ optionId: number % 3 === 0 ? shop.scarce : shop.plenty, quantity: 1 }],
    pay,
    ...(claim && number % 4 < 2 && { userCouponId: claim.userCouponId }),
  })
  const action = number % 7 === 0 ? 'cancel' : 'payment'
  if (order && !pay) await post('finish', `/v1/orders/${order.id}/${action}`)
  return entries.map(fateOf)
}

type Effects = { orders: Order[]; charged: number }

/** The orders of a user, and all the money that he was ever charged with, spent or not. */
async function readEffects(client: Client, userId: string): Promise<Effects> {
  const token = signToken(userId)
  const read = async <Read>(path: string) => {
    const { status, body } = await client.send<Read>({ method: 'GET', path, token })
    expect(status).toBe(200)
    return body
  }
  const { items: orders } = await read<{ items: Order[] }>('/v1/me/orders')
  const { balance } = await read<{ balance: number }>('/v1/me/balance')
  const spent = orders
    .filter(({ status }) => status === 'COMPLETED')
    .reduce((sum, { finalAmount }) => sum + finalAmount, 0)
  return { orders, charged: balance + spent }
}

function expectOnlyWhatWasAnswered({ orders, charged }: Effects, errands: Errands): void {
  const none = { accepted: false, refused: true, unknown: true, 'never sent': true }
  const some = { accepted: true, refused: false, unknown: true, 'never sent': false }
  const allowed = (kind: Kind, isThere: boolean) => (isThere ? some : none)[fateOf(errands[kind])]

  expect([0, charge]).toContain(charged)
  expect(allowed('charge', charged === charge), 'what became of the charge').toBe(true)
  expect(orders.length).toBeLessThanOrEqual(1)
  expect(allowed('order', orders.length === 1), 'what became of the order').toBe(true)

  const finished = errands.finish ?? errands.order
  if (!finished) return
  const { id, status } = finished.answer?.body ?? {}
  if (fateOf(finished) === 'accepted') expect(orders).toMatchObject([{ id, status }])
  if (errands.finish && fateOf(finished) === 'refused') {
    expect(orders).toMatchObject([{ status: 'PENDING' }])
  }
}

/**
 * Sends a request again and expects the first answer where there was one, and in any case one effect at most.
 *
 * @param had what there was of this user before.
 * @returns the body of the acceptance, or null where it is refused.
 */
async function repeat(client: Client, kind: Kind, entry: Entry | undefined, had: Effects) {
  if (!entry) return null
  const again = await client.send<Body>(entry.call)
  const fate = fateOf(entry)
  // A payment and a cancellation have no key: they are flagged by nothing but their status.
  const flagged = kind !== 'finish'
  if (fate === 'accepted') {
    expect(again).toMatchObject({ status: 200, replayed: flagged })
    expect(again.body).toEqual(entry.answer?.body)
    return again.body
  }
  if (fate === 'refused') expect(again.replayed, 'a refused request left a trace').toBe(false)
  const hasEffect = { charge: had.charged > 0, order: had.orders.length > 0 }
  if (kind in hasEffect) expect(again.replayed).toBe(hasEffect[kind as keyof typeof hasEffect])
  if (again.status >= 300) return null
  const thirdTime = await client.send<Body>(entry.call)
  expect(thirdTime).toMatchObject({ status: 200, replayed: flagged })
  expect(thirdTime.body).toEqual(again.body)
  return again.body
}
