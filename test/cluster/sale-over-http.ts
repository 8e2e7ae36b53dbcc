import { createSigner } from 'fast-jwt'
import { onTestFinished } from 'vitest'
import type { Call } from '../../src/demo/client.ts'
import { openClient } from '../../src/demo/client.ts'
import { visitInParallel } from '../../src/demo/parallel.ts'
import { freePort } from '../../src/services/processes.ts'
import { jwtSecret, startProcess } from '../e2e/engine.ts'
import { fateOf, type Journal, type Kind, openJournal } from '../e2e/journal.ts'

const sign = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: 3_600_000 })
const charge = 10_000

/** An API process and a worker process on a Redis and a Postgres. They stop with the test. */
export async function startProcesses(redisUrl: string, databaseUrl: string, more = {}) {
  const port = await freePort()
  const settings = {
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    JWT_SECRET: jwtSecret,
    PORT: String(port),
    LOG_LEVEL: 'info',
    ...more,
  }
  const api = startProcess([process.execPath, 'src/server.ts'], settings)
  const worker = startProcess([process.execPath, 'workers/main.ts'], settings)
  await Promise.all([api.prints(/"listening"/), worker.prints(/"working"/)])
  return { api, worker, settings, url: `http://127.0.0.1:${port}` }
}

/** A shop that sells over HTTP, and buyers whose every answer is written down. */
export async function openShopOverHttp(url: string, shop: string) {
  const token = (sub: string, role: 'user' | 'admin' = 'user') => sign({ sub, role, shop })
  const admin = token('boss', 'admin')
  const client = openClient(new URL(url))
  const journal = openJournal(url)
  onTestFinished(() => {
    client.close()
    journal.close()
  })
  const create = async <Created>(path: string, body: unknown) => {
    const answer = await client.send<Created>({ method: 'POST', path, token: admin, body })
    if (answer.status !== 201) throw new Error(`${path} was answered with ${answer.status}`)
    return answer.body
  }
  const product = await create<{ options: { id: string }[] }>('/v1/products', {
    name: 'Trainers',
    options: [{ optionValue: '40', price: 1_000, stock: 100_000 }],
  })
  const coupon = await create<{ id: string }>('/v1/coupons', {
    name: 'A tenth off',
    discountType: 'PERCENTAGE',
    discountValue: 1_000,
    totalQuantity: 100_000,
  })
  const optionId = product.options[0]?.id as string

  /** A charge, a claim, an order, and its cancellation where it was not paid; it ends where an answer stays away. */
  async function buy(number: number): Promise<void> {
    const userId = `user-${number}`
    const pay = number % 2 === 0
    const post = async (kind: Kind, path: string, body?: unknown) => {
      const by = kind === 'charge' ? admin : token(userId)
      const call = { method: 'POST', path, token: by, key: `${kind}-${number}`, body } as const
      const entry = await journal.send(userId, kind, call)
      return fateOf(entry) === 'accepted' ? (entry.answer?.body ?? null) : null
    }
    if (!(await post('charge', `/v1/users/${userId}/charges`, { amount: charge }))) return
    const claim = await post('claim', `/v1/coupons/${coupon.id}/claims`)
    if (!claim) return
    const userCouponId = claim.userCouponId
    const items = [{ optionId, quantity: 1 }]
    const order = await post('order', '/v1/orders', { items, pay, userCouponId })
    if (order && !pay) await post('finish', `/v1/orders/${order.id}/cancel`)
  }

  let isOver = false
  return {
    journal,
    client,
    admin,
    coupon,
    /** Sends one buyer after the other, several at once, until `close`. */
    async sell(): Promise<void> {
      function* comers() {
        for (let number = 1; !isOver; number += 1) yield number
      }
      await visitInParallel(comers(), 6, buy)
    },
    close() {
      isOver = true
    },
    verify: async () =>
      (await client.send({ method: 'GET', path: '/v1/verify', token: admin })).body,
    /** Asks the shop for anything that costs a decision, and gets the whole answer. */
    async probe(): Promise<Response> {
      return fetch(`${url}/v1/users/probe/charges`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${admin}`,
          'content-type': 'application/json',
          'idempotency-key': `probe-${Math.random()}`,
        },
        body: JSON.stringify({ amount: 1 }),
      })
    },
    missing: () => findMissing(journal, client),
  }
}

/**
 * What was answered as done and is not there: each such request is sent again, and where its effect is there, it gets
 * the first answer.
 */
async function findMissing(journal: Journal, client: ReturnType<typeof openClient>) {
  const missing: Call[] = []
  let accepted = 0
  let unknown = 0
  await visitInParallel(journal.users.values(), 6, async (errands) => {
    for (const entry of Object.values(errands)) {
      if (fateOf(entry) === 'unknown') unknown += 1
      if (fateOf(entry) !== 'accepted') continue
      accepted += 1
      const again = await client.send(entry.call)
      const isSame = JSON.stringify(again.body) === JSON.stringify(entry.answer?.body)
      if (again.status !== 200 || !isSame) missing.push(entry.call)
    }
  })
  return { accepted, unknown, missing }
}
