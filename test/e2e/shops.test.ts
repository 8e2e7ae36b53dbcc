import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished, vi } from 'vitest'
import { shopKey, shopKeys } from '../../src/redis/keys.ts'
import { readRecord } from '../../src/services/data-folder.ts'
import { freePort } from '../../src/services/processes.ts'
import { withRedis } from '../../src/services/redis-connection.ts'
import { engineSettings, runCommand, startEngine } from './engine.ts'

type Body = Record<string, unknown>

const port = await freePort()
const settings = engineSettings({ PORT: String(port), SEED_DEMO: 'false' }, afterAll)
const engine = await startEngine(settings, { atEnd: afterAll })

const npm = (command: string, ...flags: string[]) =>
  runCommand(['npm', 'run', '-s', command, '--', ...flags], settings)

it('npm run shop creates a shop once, and lists the shops', async () => {
  const first = await npm('shop', 'create', 'outlet')
  expect(first).toMatchObject({ code: 0, stdout: 'The shop outlet is open.\n' })
  const { stdout } = await npm('shop', 'list')
  expect(stdout).toBe('shop    state\nmain    open\noutlet  open\n')
  const again = await npm('shop', 'create', 'outlet')
  expect(again).toMatchObject({ code: 0, stdout: 'The shop outlet exists already.\n' })
  const forMachines = await npm('shop', 'create', 'outlet', '--json')
  expect(JSON.parse(forMachines.stdout)).toEqual({ shop: 'outlet', result: 'exists' })
  const listed = await npm('shop', 'list', '--json')
  const shops = ['main', 'outlet'].map((shop) => ({ shop, state: 'open' }))
  expect(JSON.parse(listed.stdout)).toEqual({ shops })
})

it('a second shop sells beside the first, and neither sees what the other has', async () => {
  expect(await npm('shop', 'create', 'outlet')).toMatchObject({ code: 0 })
  const main = await openShop('main')
  const outlet = await openShop('outlet')
  const mine = await main.stockUp({ price: 9_900, amount: 50_000 })
  const { optionId, productId, couponId } = await outlet.stockUp({ price: 500, amount: 2_000 })

  const claim = await outlet.post(`/v1/coupons/${couponId}/claims`)
  expect(claim).toMatchObject({ status: 201, body: { rank: 1 } })
  const order = await outlet.post('/v1/orders', {
    items: [{ optionId, quantity: 2 }],
    userCouponId: claim.body.userCouponId,
    pay: true,
  })
  expect(order).toMatchObject({ status: 201, body: { status: 'COMPLETED', finalAmount: 900 } })

  // What the outlet did is in Postgres, as the outlet's.
  expect(await outlet.get('/v1/me/balance/history')).toMatchObject({
    body: {
      items: [
        { type: 'DEDUCT', amount: 900 },
        { type: 'CHARGE', amount: 2_000 },
      ],
    },
  })
  expect(await outlet.get('/v1/me/orders')).toMatchObject({
    body: { items: [{ id: order.body.id }] },
  })
  expect(await outlet.get('/v1/me/coupons')).toMatchObject({ body: { items: [{ couponId }] } })

  // Of all that the same user of the main shop has nothing, and the other way round.
  expect(await main.get('/v1/me/balance')).toMatchObject({ body: { balance: 50_000 } })
  expect((await main.get('/v1/me/balance/history')).body.items).toHaveLength(1)
  expect((await main.get('/v1/me/orders')).body.items).toEqual([])
  expect((await main.get('/v1/me/coupons')).body.items).toEqual([])
  expect(await main.get(`/v1/orders/${order.body.id}`)).toMatchObject({ status: 404 })
  expect(await main.get(`/v1/products/${productId}`)).toMatchObject({ status: 404 })
  expect(await main.post(`/v1/coupons/${couponId}/claims`)).toMatchObject({ status: 404 })
  const foreign = { items: [{ optionId: mine.optionId, quantity: 1 }], pay: true }
  expect(await outlet.post('/v1/orders', foreign)).toMatchObject({
    status: 404,
    body: { code: 'option_not_found' },
  })
  expect(await listedIn('outlet')).toEqual([productId])
  expect(await listedIn('main')).toEqual([mine.productId])

  // The books of each shop are proved by themselves.
  for (const shop of ['main', 'outlet']) {
    const { code, stdout } = await npm('verify', '--shop', shop, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, backlog: 0, epoch: 1 })
    expect(code).toBe(0)
  }
  expect(await npm('verify', '--shop', 'nowhere')).toMatchObject({ code: 1 })
})

it('a shop whose hot state is lost is rebuilt by the workers, and never opened anew', async () => {
  expect(await npm('shop', 'create', 'popup')).toMatchObject({ code: 0 })
  await inRedis((redis) => redis.del(...shopKeys('popup').slice(0, -1)))
  await vi.waitFor(
    async () => expect((await npm('shop', 'list')).stdout).toMatch(/^popup {3}open$/m),
    { timeout: 25_000 },
  )
  expect(await inRedis((redis) => redis.hget(shopKey('popup', 'meta'), 'epoch'))).toBe('2')
  const { stdout } = await npm('rebuild', '--shop', 'popup', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ shop: 'popup', epoch: 3, drained: 0, deadLetters: 0 })
  const unknown = await npm('rebuild', '--shop', 'nowhere')
  expect(unknown.stderr).toMatch(/Postgres does not know a shop nowhere/)
  expect(unknown.code).toBe(1)
})

it('npm run shop says what is wrong with what it is asked for', async () => {
  const named = await npm('shop', 'create', 'the outlet')
  expect(named.stderr).toMatch(/'the outlet' is invalid for argument 'name'/)
  expect(named.code).toBe(2)
  for (const flags of [[], ['create'], ['list', 'main'], ['create', 'one', 'two'], ['close']]) {
    const { code, stdout, stderr } = await npm('shop', ...flags)
    expect(stderr).toMatch(/stampede shop/)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  }
})

it('npm run shop says what to do where no engine runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stampede-e2e-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const DATA_DIR of [folder, join(folder, 'none')]) {
    const command = ['npm', 'run', '-s', 'shop', '--', 'create', 'outlet']
    const { code, stderr } = await runCommand(command, { ...settings, DATA_DIR })
    expect(stderr).toBe(
      `Nothing runs on the data folder ${DATA_DIR}: npm start first, or set DATA_DIR to the folder of the engine.\n`,
    )
    expect(code).toBe(1)
  }
})

/** Ways to act in a shop as Alice and as its admin, with tokens as people get them. */
async function openShop(shop: string) {
  const tokenOf = async (...flags: string[]) =>
    (await npm('token', '--shop', shop, ...flags)).stdout.trim()
  const [alice, admin] = await Promise.all([
    tokenOf('--sub', 'alice'),
    tokenOf('--sub', 'boss', '--role', 'admin'),
  ])
  let keys = 0
  const send = async (method: string, path: string, token: string, body?: Body) => {
    keys += 1
    const answer = await fetch(`${engine.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `key-${keys}`,
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Body }
  }
  return {
    get: (path: string) => send('GET', path, alice),
    post: (path: string, body?: Body) => send('POST', path, alice, body),
    /** A product, a coupon of 100, and money for Alice. */
    async stockUp({ price, amount }: { price: number; amount: number }) {
      const product = await send('POST', '/v1/products', admin, {
        name: `Socks of ${shop}`,
        options: [{ price, stock: 3 }],
      })
      const coupon = await send('POST', '/v1/coupons', admin, {
        ...{ name: 'A hundred off', discountType: 'FIXED', discountValue: 100, totalQuantity: 5 },
      })
      const charge = await send('POST', '/v1/users/alice/charges', admin, { amount })
      expect([product.status, coupon.status, charge.status]).toEqual([201, 201, 201])
      const [option] = product.body.options as { id: string }[]
      return {
        productId: product.body.id as string,
        optionId: option?.id as string,
        couponId: coupon.body.id as string,
      }
    },
  }
}

/** The products that somebody without a token sees in a shop. */
async function listedIn(shop: string): Promise<string[]> {
  const answer = await fetch(`${engine.url}/v1/products`, { headers: { 'x-shop': shop } })
  const { items } = (await answer.json()) as { items: { id: string }[] }
  return items.map(({ id }) => id)
}

function inRedis<Result>(action: Parameters<typeof withRedis<Result>>[1]): Promise<Result> {
  const record = readRecord(join(settings.DATA_DIR, 'redis.json'))
  return withRedis(`redis://:${record?.password}@127.0.0.1:${record?.port}`, action)
}
