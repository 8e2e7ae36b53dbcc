import { afterAll, beforeEach, expect, it } from 'vitest'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { ensureShop, listWatermarks } from '../../src/db/shops.ts'
import { connectRedis } from '../../src/redis/client.ts'
import { shopKeys } from '../../src/redis/keys.ts'
import { prepareStores } from '../../src/services/prepare.ts'
import { createDatabase } from '../support/postgres.ts'
import { redisUrl } from '../support/redis.ts'
import { codeOf, openSale } from '../support/sale.ts'

// The default shop has one name only, so this file has a database of Redis for itself.
const ownRedis = new URL('/7', redisUrl()).href
const redis = connectRedis(ownRedis, { name: 'test' })
afterAll(() => redis.disconnect())
await redis.connect()
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

it('does not open a shop again that Postgres knows', async () => {
  await knowShops('main', 'outlet')
  await prepare()
  expect(await redis.keys('*')).toEqual([])
})

it('goes on where a crash came between the opening of the default shop and its row', async () => {
  const sale = await openSale(redis, 'main')
  const optionId = await sale.option({ stock: 5 })
  await prepare()
  expect(await knownShops()).toEqual(['main'])
  expect(codeOf(await sale.order('alice', { [optionId]: 1 }))).toBe('ok')
})

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
