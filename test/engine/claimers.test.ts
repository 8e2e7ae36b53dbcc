import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ShopClosed } from '../../src/domain/outcome.ts'
import { bucketOf, parseUserCoupons, readClaimers } from '../../src/engine/user-coupons.ts'
import { limits } from '../../src/limits.ts'
import { sentinel, shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()
let sale: Sale
let coupon: string

beforeEach(async () => {
  sale = await openSale(redis, uniqueShop())
  coupon = await sale.coupon({ totalQuantity: 10_000, perUserLimit: 2 })
})

const claimAll = (users: string[]) =>
  Promise.all(users.map(async (user) => value(await sale.claim(coupon, user))))
const usersFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => `user-${first + index}`)

describe('the buckets of a coupon', () => {
  /** Users and ranks of every field, in the order in which they stand there. */
  async function buckets() {
    const { [sentinel]: _, ...fields } = await redis.hgetall(shopKey(sale.shop, 'claims'))
    return Object.fromEntries(
      Object.entries(fields).map(([field, records]) => [
        field,
        parseUserCoupons(records).map(({ userId, rank }) => [userId, rank]),
      ]),
    )
  }

  it('are those that its issued units and the user’s id make, after every single claim', async () => {
    const claims: [string, number][] = []
    for (let number = 0; number < 150; number++) {
      const user = `user-${number % 120}`
      claims.push([user, value(await sale.claim(coupon, user)).rank])
      const expected: Record<string, unknown[]> = {}
      for (const claim of claims) {
        const field = `${coupon}:${bucketOf(claim[0], claims.length)}`
        expected[field] ??= []
        expected[field].push(claim)
      }
      expect(await buckets()).toEqual(expected)
    }
  })

  it('are the same whether claims come one by one or in one batch', async () => {
    const batch = await claimAll(usersFrom(0, 300))
    const expected: Record<string, unknown[]> = {}
    for (const { userId, rank } of batch.sort((a, b) => a.rank - b.rank)) {
      const field = `${coupon}:${bucketOf(userId, batch.length)}`
      expected[field] ??= []
      expected[field].push([userId, rank])
    }
    expect(await buckets()).toEqual(expected)
    const sizes = Object.values(expected).map(({ length }) => length)
    expect(Math.max(...sizes)).toBeLessThan(40)
    expect(sizes.length).toBeGreaterThan(25)
  })

  it('answer a repeated claim with the first one, also after they have split', async () => {
    coupon = await sale.coupon({ totalQuantity: 10_000 })
    const first = await claimAll(usersFrom(0, 20))
    await claimAll(usersFrom(20, 200))
    expect(await claimAll(usersFrom(0, 20))).toEqual(first)
  })

  it('keep every other byte when one user coupon changes', async () => {
    const option = await sale.option()
    const claims = await claimAll(usersFrom(0, 60))
    const before = await redis.hgetall(shopKey(sale.shop, 'claims'))
    const { userCouponId, userId } = claims[30] as (typeof claims)[number]
    await sale.order(userId, { [option]: 1 }, { userCouponId, expectedAmount: 900 })
    const field = `${coupon}:${bucketOf(userId, 60)}`
    const { [field]: changed, ...others } = await redis.hgetall(shopKey(sale.shop, 'claims'))
    expect({ ...others, [field]: changed?.replace('H', 'A') }).toEqual(before)
    expect(changed).not.toBe(before[field])
  })

  it('tell users apart whose ids begin or end alike', async () => {
    coupon = await sale.coupon()
    const users = ['a', 'aa', 'b', 'ba', 'a-', '-a', '1', '11', 'A', '1A']
    const ranks = (await claimAll(users)).map(({ rank }) => rank)
    expect(new Set(ranks).size).toBe(users.length)
    expect((await claimAll(users)).map(({ rank }) => rank)).toEqual(ranks)
  })
})

describe('the claimers of a coupon', () => {
  async function read(whileReading: () => Promise<unknown> = async () => {}) {
    const users = new Set<string>()
    const pages = readClaimers(redis, sale.shop, coupon)
    while (true) {
      const page = await pages.next()
      if (page.done) return { users, issued: page.value }
      for (const user of page.value) users.add(user)
      await whileReading()
    }
  }
  function readShortPages() {
    const usual = limits.claimBucketsPage
    onTestFinished(() => void Object.assign(limits, { claimBucketsPage: usual }))
    Object.assign(limits, { claimBucketsPage: 2 })
  }

  it('are nobody at first, then everybody who has claimed it', async () => {
    expect(await read()).toEqual({ users: new Set(), issued: 0 })
    readShortPages()
    const users = usersFrom(0, 100)
    await claimAll(users)
    await claimAll(users.slice(0, 5))
    expect(await read()).toEqual({ users: new Set(users), issued: 105 })
  })

  it('are all who had claimed it before, also while its buckets split', async () => {
    readShortPages()
    const users = usersFrom(0, 60)
    await claimAll(users)
    let next = 1_000
    const { users: found, issued } = await read(async () => {
      if (next < 1_400) await claimAll(usersFrom(next, 40))
      next += 40
    })
    expect(issued).toBe(460)
    for (const user of users) expect(found).toContain(user)
  })

  it('are not told of a shop that has lost them', async () => {
    await redis.del(shopKey(sale.shop, 'claims'))
    await expect(read()).rejects.toThrow(ShopClosed)
    expect(codeOf(await sale.claim(coupon, 'ada'))).toBe('shop_closed')
    coupon = 'unknown'
    await expect(read()).rejects.toThrow(ShopClosed)
  })
})
