import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { databaseOf } from '../../../src/db/database.ts'
import { limits } from '../../../src/limits.ts'
import { shopKey } from '../../../src/redis/keys.ts'
import { countSameUserCoupons } from '../../../src/verify/same-user-coupons.ts'
import { value } from '../../support/sale.ts'
import { openBooks, type Shop } from '../books.ts'
import { hotContent, loadBeside } from './loaded.ts'

const books = await openBooks()
let shop: Shop
let coupons: string[]

beforeEach(async () => {
  shop = await books.openShop()
  const option = await shop.option()
  coupons = [
    await shop.coupon({ totalQuantity: 200, perUserLimit: 2, userCouponTtlSeconds: 60 }),
    await shop.coupon({ totalQuantity: 200 }),
    await shop.coupon(),
  ]
  for (const [index, count] of [100, 40, 0].entries()) {
    const users = Array.from({ length: count }, (_, number) => `user-${number % 70}`)
    const claims = users.map((user) => shop.claim(coupons[index] as string, user))
    const [first] = (await Promise.all(claims)).map(value)
    const facts = { userCouponId: first?.userCouponId, pay: index === 0 }
    await shop.charge('user-0', 1_000)
    if (first) value(await shop.order('user-0', { [option]: 1 }, facts))
  }
  await shop.drain()
})

describe('the buckets that are loaded from Postgres', () => {
  it.each([1, 7, 1_000])('are those that the claims made, %s collected at a time', async (most) => {
    const { rebuildCollectedMax, rebuildRowsMax, rebuildRecordsMax } = limits
    const usual = { rebuildCollectedMax, rebuildRowsMax, rebuildRecordsMax }
    onTestFinished(() => void Object.assign(limits, usual))
    Object.assign(limits, { rebuildCollectedMax: most, rebuildRowsMax: 9, rebuildRecordsMax: 4 })
    const loaded = await loadBeside(books, shop)
    expect(await loaded.content()).toEqual(await hotContent(shop))
    await loaded.drop()
  })
})

describe('the user coupons of both sides', () => {
  const count = () =>
    countSameUserCoupons({ redis: books.redis, db: databaseOf(books.orm), shop: shop.shop })

  it('are proved the same at once', async () => {
    expect(await count()).toBe(140)
    const usual = limits.verifyBuckets
    onTestFinished(() => void Object.assign(limits, { verifyBuckets: usual }))
    Object.assign(limits, { verifyBuckets: 2 })
    expect(await count()).toBe(140)
  })

  it('are not where one side has more', async () => {
    const [coupon, other] = coupons as [string, string]
    const claims = shopKey(shop.shop, 'claims')
    const before = await books.redis.hgetall(claims)
    const spoils = [
      () => shop.changeUserCoupon(`${other}.3`, 'user-2', () => ''),
      () => shop.changeUserCoupon(`${other}.3`, 'user-2', (record) => record + record),
      () => shop.changeUserCoupon(`${other}.3`, 'user-2', (record) => record.replace('A', 'U')),
      () => books.redis.hset(claims, `${other}:99`, ''),
      () => books.redis.hset(claims, `${other}:0`, `of no user${before[`${other}:0`]}`),
      () => books.redis.hdel(claims, `${other}:0`),
      async () => value(await shop.claim(coupon, 'late')),
    ]
    for (const spoil of spoils) {
      await spoil()
      expect(await count()).toBeNull()
      await books.redis.hset(claims, before)
      await books.redis.hdel(claims, `${other}:99`)
    }
  })
})
