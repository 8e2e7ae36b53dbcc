import { beforeEach, describe, expect, it, vi } from 'vitest'
import { claimCoupon } from '../../src/engine/claim-coupon.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { codeOf, value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'

const books = await openBooks()
const { redis, orm } = books

let shop: Shop
/** An API process, and its clock. */
let engine: Engine
let clock: { ms: number }

beforeEach(async () => {
  shop = await books.openShop()
  clock = { ms: 0 }
  engine = openProcess()
})

const openProcess = () => {
  const ownClock = clock
  return shop.engineWith({ nowMs: () => ownClock.ms })
}
const claim = (coupon: string, user: string, by = engine) => shop.claim(coupon, user, by)
const usersOf = (count: number) => Array.from({ length: count }, (_, number) => `user-${number}`)
const isKnown = (coupon: string, by = engine) => by.soldOut.refuses(shop.shop, coupon, 'nobody')

/** A coupon whose units these users have, and which the process knows to be sold out. */
async function soldOutTo(users: string[], facts = {}): Promise<string> {
  const coupon = await shop.coupon({ totalQuantity: users.length, ...facts })
  for (const outcome of await Promise.all(users.map((user) => claim(coupon, user)))) value(outcome)
  await meet(coupon)
  return coupon
}

/** Lets a process be told that the coupon is sold out, until it knows who has claimed it. */
async function meet(coupon: string, by = engine): Promise<void> {
  expect(codeOf(await claim(coupon, 'late', by))).toBe('sold_out')
  await vi.waitFor(() => expect(isKnown(coupon, by)).toBe(true))
}

describe('a process that knows that a coupon is sold out', () => {
  it('refuses without asking Redis', async () => {
    const coupon = await soldOutTo(usersOf(3))
    const sent = vi.spyOn(redis, 'sendCommand')
    try {
      for (const number of Array(100).keys()) {
        const outcome = claimCoupon(engine, {
          shop: shop.shop,
          couponId: coupon,
          userId: `l${number}`,
        })
        // One that has to be asked for would be a promise.
        expect(outcome).toEqual({ ok: false, code: 'sold_out' })
      }
      expect(sent).not.toHaveBeenCalled()
    } finally {
      sent.mockRestore()
    }
  })

  it('gives everybody who has claimed it his claim again, of thousands', async () => {
    const users = usersOf(3_000)
    const coupon = await soldOutTo(users)
    const outcomes = await Promise.all(users.map((user) => claim(coupon, user)))
    expect(outcomes.every((outcome) => outcome.ok && outcome.replayed)).toBe(true)
    expect(isKnown(coupon)).toBe(true)
  })

  it('asks Redis for who is only taken for a claimer', async () => {
    const coupon = await soldOutTo(usersOf(1_000))
    const others = Array.from({ length: 5_000 }, (_, number) => `other-${number}`)
    const taken = others.filter((user) => !engine.soldOut.refuses(shop.shop, coupon, user))
    expect(taken.length).toBeGreaterThan(0)
    expect(taken.length).toBeLessThan(50)
    const codes = (await Promise.all(taken.map((user) => claim(coupon, user)))).map(codeOf)
    expect(new Set(codes)).toEqual(new Set(['sold_out']))
  })

  it('admits at once when it raises the quantity itself', async () => {
    const coupon = await soldOutTo(['ada'])
    value(await shop.updateCoupon(coupon, { totalQuantity: 2 }, engine))
    expect(value(await claim(coupon, 'bob')).rank).toBe(2)
    await meet(coupon)
    expect(await claim(coupon, 'bob')).toMatchObject({ ok: true, replayed: true })
  })

  it('says at once that it is paused, when it pauses it itself', async () => {
    const coupon = await soldOutTo(['ada'])
    value(await shop.updateCoupon(coupon, { status: 'PAUSED' }, engine))
    expect(codeOf(await claim(coupon, 'bob'))).toBe('coupon_inactive')
  })

  it('admits what another process raised', async () => {
    const coupon = await soldOutTo(['ada'])
    value(await shop.updateCoupon(coupon, { totalQuantity: 3 }))
    clock.ms += limits.soldOutLatchMs
    value(await shop.claim(coupon, 'bob'))
    expect(await claim(coupon, 'bob')).toMatchObject({ ok: true, replayed: true })
    expect(value(await claim(coupon, 'cyd')).rank).toBe(3)
    await meet(coupon)
    for (const user of ['ada', 'bob', 'cyd']) {
      expect(await claim(coupon, user)).toMatchObject({ ok: true, replayed: true })
    }
  })

  it('lets one request in half of that time ask, and reads the claimers no second time', async () => {
    const coupon = await soldOutTo(usersOf(5))
    const sent = vi.spyOn(redis, 'sendCommand')
    const refuseAll = () => Promise.all(usersOf(100).map((user) => claim(coupon, `late-${user}`)))
    try {
      for (const asked of [1, 2, 3]) {
        clock.ms += limits.soldOutLatchMs / 2
        const codes = (await refuseAll()).map(codeOf)
        expect(new Set(codes)).toEqual(new Set(['sold_out']))
        expect(sent).toHaveBeenCalledTimes(asked)
      }
    } finally {
      sent.mockRestore()
    }
  })

  it('trusts no longer what nobody could ask again', async () => {
    const coupon = await soldOutTo(['ada'])
    clock.ms += limits.soldOutLatchMs
    expect(isKnown(coupon)).toBe(false)
    expect(isKnown(coupon)).toBe(false)
  })

  it('says that the coupon has ended when it has, within the time of the latch', async () => {
    const coupon = await soldOutTo(['ada'])
    const [seconds, micros] = (await redis.time()).map(Number) as [number, number]
    const facts = JSON.parse((await redis.hget(shopKey(shop.shop, 'coupons'), coupon)) as string)
    facts.validUntil = Math.ceil(seconds * 1_000 + micros / 1_000) + 400
    await redis.hset(shopKey(shop.shop, 'coupons'), coupon, JSON.stringify(facts))
    clock.ms += limits.soldOutLatchMs
    expect(codeOf(await claim(coupon, 'bob'))).toBe('sold_out')
    expect(isKnown(coupon)).toBe(true)
    clock.ms += 400
    expect(isKnown(coupon)).toBe(false)
    expect(isKnown(coupon)).toBe(false)
    await vi.waitFor(async () => {
      clock.ms += limits.soldOutLatchMs
      expect(codeOf(await claim(coupon, 'bob'))).toBe('ended')
    })
  })

  it('knows nothing any more when the shop is closed, or was rebuilt', async () => {
    const coupon = await soldOutTo(['ada'])
    await redis.hset(shopKey(shop.shop, 'meta'), 'state', 'closed')
    expect(codeOf(await claim(coupon, 'ada'))).toBe('shop_closed')
    expect(codeOf(await claim(coupon, 'bob'))).toBe('shop_closed')
    await redis.hset(shopKey(shop.shop, 'meta'), 'state', 'open')
    await meet(coupon)

    await shop.drain()
    await rebuildShop({ redis, orm, shop: shop.shop })
    value(await shop.charge('ada', 1, {}, engine))
    expect(isKnown(coupon)).toBe(false)
    await meet(coupon)
    expect(await claim(coupon, 'ada')).toMatchObject({ ok: true, replayed: true })
  })

  it('knows nothing of the same coupon in another shop', async () => {
    const coupon = await soldOutTo(['ada'])
    expect(engine.soldOut.refuses(`${shop.shop}-2`, coupon, 'nobody')).toBe(false)
  })
})

describe('a process that is told that a coupon is sold out', () => {
  it('refuses nobody by itself where it cannot read all claims of it', async () => {
    const coupon = await shop.coupon({ totalQuantity: 2 })
    value(await claim(coupon, 'ada'))
    value(await claim(coupon, 'bob'))
    // Claims that are counted and not there.
    await redis.hdel(shopKey(shop.shop, 'claims'), `${coupon}:0`)
    const read = vi.spyOn(redis, 'hmget')
    try {
      expect(codeOf(await claim(coupon, 'late'))).toBe('sold_out')
      // The last that it reads is the epoch.
      const meta = shopKey(shop.shop, 'meta')
      await vi.waitFor(() => expect(read.mock.calls.map(([key]) => key)).toContain(meta))
      await Promise.all(read.mock.results.map(({ value }) => value))
      await claim(coupon, 'late')
      expect(isKnown(coupon)).toBe(false)
    } finally {
      read.mockRestore()
    }
  })

  it('knows no more coupons than it may', async () => {
    const first = await soldOutTo(['ada'])
    for (const _ of Array(limits.soldOutCouponsMax - 1).keys()) await soldOutTo(['ada'])
    expect(isKnown(first)).toBe(true)
    await soldOutTo(['ada'])
    expect(isKnown(first)).toBe(false)
    expect(await claim(first, 'ada')).toMatchObject({ ok: true, replayed: true })
  })
})
