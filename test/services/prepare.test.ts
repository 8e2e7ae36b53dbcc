import { afterAll, beforeEach, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { ensureShop, listWatermarks } from '../../src/db/shops.ts'
import { openEngine } from '../../src/engine/engine.ts'
import { openShop } from '../../src/engine/open-shop.ts'
import { setCartItem } from '../../src/engine/set-cart-item.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { shopKey, shopKeys } from '../../src/redis/keys.ts'
import { prepareStores } from '../../src/services/prepare.ts'
import { createShop } from '../../src/services/shops.ts'
import { createDatabase } from '../support/postgres.ts'
import { redisUrl } from '../support/redis.ts'
import { codeOf, openSale, value } from '../support/sale.ts'

// The default shop has one name only, so this file has a database of Redis for itself.
const ownRedis = new URL('/7', redisUrl()).href
const redis = connectRedis(ownRedis, { name: 'test' })
afterAll(() => redis.disconnect())
await redis.connect()
const engine = openEngine({ redis, holdMs: 1_000 })
const keysOf = (shop: string) => shopKeys(shop).slice(0, -1)
let databaseUrl: string

beforeEach(async () => {
  await redis.flushdb()
  databaseUrl = await createDatabase()
})

it('opens the default shop', async () => {
  await prepare()
  expect(await redis.exists(...keysOf('main'))).toBe(keysOf('main').length)
  expect(await knownShops()).toEqual(['main'])
})

it('starts on the data of an earlier version, and sells on in every shop', async () => {
  await knowShops('main', 'outlet')
  for (const shop of ['main', 'outlet']) {
    const sale = await openSale(redis, shop)
    const optionId = await sale.option({ stock: 5 })
    await makeOld(shop)
    const command = { shop, userId: 'alice', optionId, quantity: 2 }
    expect(codeOf(await setCartItem(engine, command))).toBe('shop_closed')
    await prepare()
    expect(codeOf(await setCartItem(engine, command))).toBe('ok')
    expect(value(await sale.order('alice', { [optionId]: 1 })).status).toBe('PENDING')
    expect(await sale.units(optionId)).toEqual({ free: 4, held: 1, sold: 0 })
  }
})

it('does not make a key again that an earlier version had and lost', async () => {
  await knowShops('main', 'outlet')
  for (const shop of ['main', 'outlet']) {
    await openShop(redis, { shop })
    await makeOld(shop)
    await redis.del(shopKey(shop, 'balances'))
  }
  await prepare()
  for (const shop of ['main', 'outlet']) {
    expect(await redis.exists(shopKey(shop, 'balances'))).toBe(0)
    expect(await redis.exists(shopKey(shop, 'carts'))).toBe(1)
  }
})

it('does not open a shop again that Postgres knows', async () => {
  await knowShops('main', 'outlet')
  await prepare()
  expect(await redis.keys('*')).toEqual([])
})

it('goes on where a crash came between the opening of the default shop and its row', async () => {
  const sale = await openSale(redis, 'main')
  const optionId = await sale.option({ stock: 5 })
  await makeOld('main')
  await prepare()
  expect(await knownShops()).toEqual(['main'])
  expect(codeOf(await sale.order('alice', { [optionId]: 1 }))).toBe('ok')
})

it('does not take a shop of an earlier version for a lost one, where it is created again', async () => {
  await knowShops('outlet')
  await openShop(redis, { shop: 'outlet' })
  await makeOld('outlet')
  const again = () => inDatabase((db) => createShop({ redis, db }, 'outlet'))
  expect(await again()).toBe('exists')
  await redis.del(shopKey('outlet', 'carts'))
  expect(await again()).toBe('lost')
})

/** Takes from a shop what came with the second version of the keys. */
async function makeOld(shop: string): Promise<void> {
  await redis.del(shopKey(shop, 'uniqueCodes'), shopKey(shop, 'carts'))
  await redis.hdel(shopKey(shop, 'meta'), 'layout')
}

function prepare(): Promise<void> {
  return prepareStores({ redisUrl: ownRedis, databaseUrl })
}

async function knowShops(...shops: string[]): Promise<void> {
  await inDatabase(async (db) => {
    for (const shop of shops) await ensureShop(db, shop)
  })
}

async function knownShops(): Promise<string[]> {
  return (await inDatabase(listWatermarks)).map(({ shop }) => shop)
}

async function inDatabase<Result>(
  action: (db: ReturnType<typeof databaseOf>) => Promise<Result>,
): Promise<Result> {
  const orm = openOrm(databaseUrl, { poolMax: 1 })
  try {
    return await action(databaseOf(orm))
  } finally {
    await orm.close()
  }
}
