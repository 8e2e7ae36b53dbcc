import { Redis } from 'ioredis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { type Engine, openEngine } from '../../src/engine/engine.ts'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { bucketOf } from '../../src/engine/user-coupons.ts'
import { decisionNames, redisScripts } from '../../src/redis/scripts.ts'
import { verify } from '../../src/verify/verify.ts'
import { rebuildShop } from '../../workers/rebuild-shop.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from '../workers/books.ts'

const books = await openBooks()
const { redis, orm, redisUrl } = books

/** Makes what a decision needs, and returns how an engine asks for it. */
type Scene = (shop: Shop) => Promise<(by: Engine) => Promise<unknown>>

/** For every decision a command that writes as much as it can. */
const scenes: Record<string, Scene> = {
  'add-codes': async (shop) => {
    const coupon = await shop.coupon({ codeRequired: true })
    return (by) => shop.addCodes(coupon, 3, by)
  },
  'adjust-stock': async (shop) => {
    const option = await shop.option()
    return (by) => shop.adjust(option, 5, { key: 'adjust' }, by)
  },
  'cancel-order': async (shop) => {
    const { lines, userCouponId } = await openBasket(shop)
    const order = value(await shop.order('ann', lines, { userCouponId }))
    return (by) => shop.cancel('ann', order.id, by)
  },
  'charge-balance': async (shop) => (by) => shop.charge('ann', 100, { key: 'charge' }, by),
  'claim-by-code': async (shop) => {
    const coupon = await shop.coupon({ codeRequired: true })
    const [code] = value(await shop.addCodes(coupon, 1))
    return (by) => shop.claimByCode(code as string, 'ann', by)
  },
  'claim-coupon': async (shop) => {
    const coupon = await shop.coupon({ totalQuantity: 99 })
    const users = Array.from({ length: 17 }, (_, number) => `user-${number}`)
    // The claim that takes a third bucket splits the first one, and is itself in the second.
    const last = users.find((user) => bucketOf(user, 17) === 1) as string
    for (const user of users) if (user !== last) value(await shop.claim(coupon, user))
    return (by) => shop.claim(coupon, last, by)
  },
  'create-coupon': async (shop) => (by) => shop.coupon({ code: 'SPRING' }, by),
  'create-product': async (shop) => (by) => shop.product([{}, {}, {}], {}, by),
  'expire-coupons': async (shop) => {
    const validUntil = (await nowOf()) + 20
    const coupon = await shop.coupon({ perUserLimit: 2, validUntil })
    const claims = [value(await shop.claim(coupon, 'ann')), value(await shop.claim(coupon, 'ann'))]
    const userCoupons = claims.map(({ userCouponId }) => ({ id: userCouponId, userId: 'ann' }))
    await vi.waitUntil(async () => (await nowOf()) > validUntil)
    return (by) => shop.expireCoupons(userCoupons, by)
  },
  'pay-order': async (shop) => {
    const { lines, userCouponId } = await openBasket(shop)
    const order = value(await shop.order('ann', lines, { userCouponId }))
    return (by) => shop.pay('ann', order.id, by)
  },
  'place-order': async (shop) => {
    const { lines, userCouponId } = await openBasket(shop)
    for (const [option, quantity] of Object.entries(lines)) {
      value(await shop.setCart('ann', option, quantity))
    }
    const facts = { key: 'order', userCouponId, pay: true }
    return (by) => shop.order('ann', 'cart', facts, by)
  },
  'place-order after lapsed holds': async (shop) => {
    const option = await lapsedHolds(shop)
    return (by) => shop.order('ann', { [option]: 2 }, { key: 'order' }, by)
  },
  'reap-holds': async (shop) => {
    await lapsedHolds(shop)
    return (by) => reapHolds(by, { shop: shop.shop })
  },
  'refund-order': async (shop) => {
    const { lines, userCouponId } = await openBasket(shop)
    const order = value(await shop.order('ann', lines, { userCouponId, pay: true }))
    return (by) => shop.refund(order.id, {}, { key: 'refund' }, by)
  },
  'set-cart-item': async (shop) => {
    const option = await shop.option()
    return (by) => shop.setCart('ann', option, 2, by)
  },
  'update-coupon': async (shop) => {
    const coupon = await shop.coupon()
    return (by) => shop.updateCoupon(coupon, { totalQuantity: 99 }, by)
  },
  'update-option': async (shop) => {
    const option = await shop.option()
    return (by) => shop.updateOption(option, { price: 77 }, by)
  },
  'update-product': async (shop) => {
    const { id } = await shop.product([{}, {}, {}])
    return (by) => shop.updateProduct(id, { description: 'New words' }, by)
  },
}

/** Two lines, a coupon for them, and money. */
async function openBasket(shop: Shop) {
  const { options } = await shop.product([{ price: 500 }, { price: 300 }])
  const coupon = await shop.coupon()
  const { userCouponId } = value(await shop.claim(coupon, 'ann'))
  value(await shop.charge('ann', 10_000))
  return { lines: Object.fromEntries(options.map(({ id }) => [id, 2])), userCouponId }
}

/** An option whose two units are held by two orders that are over. */
async function lapsedHolds(shop: Shop): Promise<string> {
  const option = await shop.option({ stock: 2, holdMs: 1 })
  for (const user of ['bob', 'cat']) value(await shop.order(user, { [option]: 1 }))
  const deadline = await nowOf()
  await vi.waitUntil(async () => (await nowOf()) > deadline + 1)
  return option
}

async function nowOf(): Promise<number> {
  const [seconds, microseconds] = await redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
}

/** A connection on which one call of the deciding script to Redis fails, as a bug or a wrong type would. */
function connectFailing(position: number): Redis {
  const { decide, ...others } = redisScripts()
  const [shebang, ...lines] = (decide as { lua: string }).lua.split('\n')
  const failing = `
    local server, calls = redis, 0
    local redis = {
      call = function(...)
        calls = calls + 1
        if calls == ${position} then error('call ${position} fails') end
        return server.call(...)
      end,
      pcall = server.pcall,
      sha1hex = server.sha1hex,
    }`
  const lua = [shebang, failing, ...lines].join('\n')
  return new Redis(redisUrl, { scripts: { ...others, decide: { lua } } })
}

const connections: Redis[] = []
afterAll(() => {
  for (const connection of connections) connection.disconnect()
})

/** Asks with a call that fails. */
async function askWithFault(shop: Shop, position: number, ask: (by: Engine) => Promise<unknown>) {
  const connection = connectFailing(position)
  connections.push(connection)
  const by = openEngine({ redis: connection, holdMs: 600_000 })
  const isDone = await ask(by).then(
    (outcome) => {
      expect(outcome).not.toMatchObject({ ok: false })
      return true
    },
    () => false,
  )
  connection.disconnect()
  return { isDone, isOpen: (await redis.hget(`{${shop.shop}}:meta`, 'state')) === 'open' }
}

it('has a scene for every decision', () => {
  const covered = Object.keys(scenes).map((scene) => scene.split(' ')[0])
  expect([...new Set(covered)].sort()).toEqual([...decisionNames].sort())
})

describe('a fault at any call of a decision leaves no half of it', () => {
  it.each(Object.entries(scenes))('%s', async (_, open) => {
    const shop = await books.openShop()
    const ask = await open(shop)
    await shop.drain()
    let closed = 0
    for (let position = 1; ; position++) {
      expect(position).toBeLessThan(200)
      const before = await shop.state()
      const { isDone, isOpen } = await askWithFault(shop, position, ask)
      if (isDone) break
      if (isOpen) {
        // Nothing was written, or whole decisions only, each with its event.
        if ((await shop.backlog()) === 0) expect(await shop.state()).toEqual(before)
      } else {
        closed += 1
        await rebuildShop({ redis, orm, shop: shop.shop })
      }
      await shop.drain()
    }
    expect(closed).toBeGreaterThan(0)
    await shop.drain()
    const report = await verify({ redis, orm }, shop.shop)
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([])
  })
})
