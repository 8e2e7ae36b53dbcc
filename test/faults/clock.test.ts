import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Call, openClient } from '../../src/demo/client.ts'
import { defaultShop } from '../../src/services/prepare.ts'
import { freePort, signal } from '../../src/services/processes.ts'
import { jwtSecret } from '../e2e/engine.ts'
import { temporaryFolder } from '../services/folder.ts'
import { openBooks } from '../workers/books.ts'
import { startApi, startWorker } from './real-processes.ts'

const hourMs = 3_600_000
const books = await openBooks({ redisDatabase: 6 })

/** A token that lives until then, by the true time; it was made as long ago as any step of a clock here. */
function tokenUntil(sub: string, untilMs: number, role: 'user' | 'admin' = 'user'): string {
  const exp = Math.floor((Date.now() + untilMs) / 1_000)
  const iat = Math.floor((Date.now() - 2 * hourMs) / 1_000)
  return createSigner({ key: jwtSecret, algorithm: 'HS256' })({ sub, role, exp, iat })
}
const admin = tokenUntil('boss', 4 * hourMs, 'admin')
const ann = tokenUntil('ann', 4 * hourMs)
const at = (fromNowMs: number) => new Date(Date.now() + fromNowMs).toISOString()

type Order = { id: string; status: string; expiresAt: string | null; orderedAt: string }

describe.each([
  ['an hour ahead', hourMs],
  ['an hour back', -hourMs],
])('API and worker whose clocks step %s', (_, stepMs) => {
  it('decide as before, and everything that waits goes on', async () => {
    const clockFile = join(temporaryFolder(), 'clock')
    writeFileSync(clockFile, String(stepMs))
    const port = await freePort()
    const options = {
      preload: 'shifted-clock.ts',
      settings: { PORT: String(port), CLOCK_FILE: clockFile },
    }
    const [api, worker] = await Promise.all([startApi(books, options), startWorker(books, options)])
    const client = openClient(new URL(`http://127.0.0.1:${port}`))
    onTestFinished(client.close)
    let calls = 0
    const send = async <Body>(call: Omit<Call, 'key'> & { key?: string }) =>
      client.send<Body>({ key: `call-${stepMs}-${++calls}`, ...call })
    const post = <Body>(path: string, token: string, body?: unknown, key?: string) =>
      send<Body>({ method: 'POST', path, token, body, ...(key !== undefined && { key }) })
    const read = async (id: string, token = ann) =>
      (await send<Order>({ method: 'GET', path: `/v1/orders/${id}`, token })).body
    const order = (optionId: string, key?: string) =>
      post<Order>('/v1/orders', ann, { items: [{ optionId, quantity: 1 }] }, key)
    const claim = (couponId: string) => post(`/v1/coupons/${couponId}/claims`, ann)

    const product = await post<{ options: { id: string }[] }>('/v1/products', admin, {
      name: 'Boots',
      options: [
        { optionValue: 'on sale', saleStartsAt: at(-hourMs / 2), saleEndsAt: at(hourMs / 2) },
        { optionValue: 'to come', saleStartsAt: at(hourMs / 2) },
        { optionValue: 'over', saleEndsAt: at(-hourMs / 2) },
        { optionValue: 'short', holdMs: 1_000 },
      ].map((option) => ({ price: 5, stock: 100, ...option })),
    })
    const [onSale, toCome, over, short] = product.body.options.map(({ id }) => id) as [
      string,
      string,
      string,
      string,
    ]
    const coupon = async (validity: Record<string, string>) => {
      const facts = { name: 'Off', discountType: 'FIXED', discountValue: 1, totalQuantity: 9 }
      return (await post<{ id: string }>('/v1/coupons', admin, { ...facts, ...validity })).body.id
    }
    const valid = await coupon({ validFrom: at(-hourMs / 2), validUntil: at(hourMs / 2) })
    const early = await coupon({ validFrom: at(hourMs / 2) })
    const late = await coupon({ validUntil: at(-hourMs / 2) })
    expect((await post(`/v1/users/ann/charges`, admin, { amount: 100 })).status).toBe(201)
    const before = await order(onSale, `held-${stepMs}`)
    expect(before).toMatchObject({ status: 201, body: { status: 'PENDING' } })

    for (const { pid, prints } of [api, worker]) {
      signal(pid, 'SIGUSR2')
      await prints(/The clock is off/)
    }

    // The same answers as without the step.
    const after = await order(onSale)
    expect(after).toMatchObject({ status: 201, body: { status: 'PENDING' } })
    expect(after.body.id > before.body.id).toBe(true)
    for (const { body } of [before, after]) {
      const left = Date.parse(body.expiresAt as string) - Date.now()
      expect(left).toBeGreaterThan(400_000)
      expect(left).toBeLessThan(601_000)
    }
    expect((await order(toCome)).body.code).toBe('not_started')
    expect((await order(over)).body.code).toBe('ended')
    expect((await claim(valid)).status).toBe(201)
    expect((await claim(early)).body.code).toBe('not_started')
    expect((await claim(late)).body.code).toBe('ended')
    expect(await order(onSale, `held-${stepMs}`)).toMatchObject({
      status: 200,
      replayed: true,
      body: before.body,
    })

    // Drains, sweeps and deadlines go on.
    const lapsing = (await order(short)).body.id
    const shop = await books.openShop(defaultShop)
    await vi.waitFor(
      async () =>
        expect(await shop.rows('orders', 'id, status')).toContainEqual({
          id: lapsing,
          status: 'EXPIRED',
        }),
      { timeout: 20_000, interval: 50 },
    )
    expect((await read(before.body.id)).status).toBe('PENDING')
    expect(await post(`/v1/orders/${before.body.id}/payment`, ann)).toMatchObject({ status: 200 })
    expect(worker.complaints()).toEqual([])

    // Tokens alone go by the clock of the API process.
    const fresh = await send({
      method: 'GET',
      path: '/v1/me/balance',
      token: tokenUntil('ann', hourMs / 2),
    })
    const stale = await send({
      method: 'GET',
      path: '/v1/me/balance',
      token: tokenUntil('ann', -hourMs / 2),
    })
    expect([fresh.status, stale.status]).toEqual(stepMs > 0 ? [401, 401] : [200, 200])
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0])
  }, 240_000)
})
