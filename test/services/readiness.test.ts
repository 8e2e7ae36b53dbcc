import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { openOrm } from '../../src/db/orm.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { shopKey, shopKeyNames, shopKeys } from '../../src/redis/keys.ts'
import { defaultShop } from '../../src/services/prepare.ts'
import { openReadiness } from '../../src/services/readiness.ts'
import { openRedisServer } from '../../src/services/redis-server.ts'
import { codeOf, openSale } from '../support/sale.ts'
import { temporaryFolder } from './folder.ts'

// A Redis of its own, because the tests break the one shop that every process looks at.
const server = await openRedisServer(temporaryFolder(afterAll), () => {})
afterAll(() => server.stop())
const redis = connectRedis(server.url, { name: 'test' })
afterAll(() => redis.disconnect())
const orm = openOrm('postgresql://127.0.0.1:1/nowhere')
afterAll(() => orm.close())

let isStopping = false
const readiness = openReadiness({ redis, orm, isStopping: () => isStopping })
const failing = async () => (await readiness()).checks.filter(({ ok }) => !ok)
let sale: Awaited<ReturnType<typeof openSale>>

beforeAll(async () => {
  await redis.connect()
  sale = await openSale(redis, defaultShop)
})

const noPostgres = { name: 'postgres', ok: false, detail: 'does not answer' }

it('is ready without Postgres', async () => {
  expect(await readiness()).toMatchObject({ ok: true })
  expect(await failing()).toEqual([noPostgres])
})

it('is not ready while the process stops', async () => {
  isStopping = true
  onTestFinished(() => {
    isStopping = false
  })
  expect(await readiness()).toMatchObject({ ok: false })
})

it('is not ready while the shop is closed', async () => {
  await redis.hset(shopKey(defaultShop, 'meta'), 'state', 'closed')
  onTestFinished(async () => {
    await redis.hset(shopKey(defaultShop, 'meta'), 'state', 'open')
  })
  expect(await readiness()).toMatchObject({ ok: false })
  expect(await failing()).toContainEqual({ name: 'shop', ok: false, detail: 'closed' })
})

const keyNames = Object.values(shopKeyNames).filter((name) => name !== shopKeyNames.sales)

it.each(keyNames)(
  'is not ready while the key %s is lost, as no order is taken then',
  async (name) => {
    const key = `{${defaultShop}}:${name}`
    expect(shopKeys(defaultShop)).toContain(key)
    await redis.rename(key, `{${defaultShop}}:away`)
    onTestFinished(async () => {
      await redis.rename(`{${defaultShop}}:away`, key)
    })
    expect(codeOf(await sale.charge('alice', 100))).toBe('shop_closed')
    expect(await readiness()).toMatchObject({ ok: false })
    expect(await failing()).toContainEqual(expect.objectContaining({ name: 'shop' }))
  },
)

it('is ready again once nothing is missing', async () => {
  expect(codeOf(await sale.charge('alice', 100))).toBe('ok')
  expect(await readiness()).toMatchObject({ ok: true })
})

it('looks once for all who ask at the same time', async () => {
  const [one, other] = await Promise.all([readiness(), readiness()])
  expect(other).toBe(one)
  expect(await readiness()).not.toBe(one)
})
