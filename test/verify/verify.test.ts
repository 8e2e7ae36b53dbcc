import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { verify } from '../../src/verify/verify.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'
import { runCleanSale } from './clean-sale.ts'
import { moveWatermarkBeyondRedis, off } from './corruption.ts'
import { useEverything } from './use-everything.ts'

const books = await openBooks()
const waiting = { timeout: 20_000, interval: 5 }

describe('verify', () => {
  it('finds the books of a clean sale in order, and says how much it compared', async () => {
    const sale = await runCleanSale(books)
    const report = await sale.verify()
    expect(report.checks.flatMap(({ off }) => off)).toEqual([])
    expect(report).toMatchObject({ ok: true, backlog: 0, epoch: 1 })
    expect(report.checks.map(({ name }) => name)).toEqual([
      'hot-state',
      'catalog',
      'stock',
      'coupons',
      'user-coupons',
      'codes',
      'carts',
      'balances',
      'orders',
      'refunds',
      'holds',
      'ranking',
      'outbox',
    ])
    for (const check of report.checks) expect(check.checked, check.name).toBeGreaterThan(0)
  })

  it('finds the books of a new, empty shop in order', async () => {
    const sale = await books.openShop()
    expect(await verify(books, sale.shop)).toMatchObject({ ok: true, backlog: 0 })
  })

  it('accepts finished orders that have left Redis', async () => {
    const sale = await runCleanSale(books)
    const finished = [sale.orders.paid, sale.orders.cancelled, sale.orders.expired]
    await sale.redis.hdel(sale.key('orders'), ...finished.map(({ id }) => id.slice(11)))
    expect(await sale.verify()).toMatchObject({ ok: true })
  })

  it('reports a shop that nobody knows as a check, not as an exception', async () => {
    const report = await verify(books, 'nobody')
    expect(off(report)).toEqual(['hot-state'])
    expect(report).toMatchObject({ ok: false, backlog: 0, epoch: 0 })
  })

  it('names at most 20 rows of a check and counts the rest', async () => {
    const sale = await books.openShop()
    for (let user = 0; user < 25; user += 1) value(await sale.charge(`user-${user}`, 100))
    await sale.drain()
    for (let user = 0; user < 25; user += 1) {
      await sale.redis.hincrby(`{${sale.shop}}:balances`, `user-${user}`, 1)
    }
    const balances = (await verify(books, sale.shop)).checks.find(({ name }) => name === 'balances')
    expect(balances).toMatchObject({ ok: false, offCount: 25 })
    expect(balances?.off).toHaveLength(20)
  })

  it('finds each balance that is off, also where one in Redis is several lines', async () => {
    const sale = await books.openShop()
    for (const user of ['ann', 'bob', 'cat', 'dan']) value(await sale.charge(user, 100))
    await sale.drain()
    const balances = `{${sale.shop}}:balances`
    await sale.redis.hset(balances, { ann: '100\n100', 'made-up': '5' })
    await sale.redis.hdel(balances, 'bob')
    const { off } =
      (await verify(books, sale.shop)).checks.find(({ name }) => name === 'balances') ?? {}
    expect(off?.map(({ row }) => row).toSorted()).toEqual(
      ['ann', 'bob', 'made-up'].map((user) => `balance of user ${user}`),
    )
    await sale.redis.hset(balances, { ann: '100', bob: '' })
    expect(await verify(books, sale.shop)).toMatchObject({ ok: false })
    await sale.redis.hset(balances, 'bob', '100')
    await sale.redis.hdel(balances, 'made-up')
    expect(await verify(books, sale.shop)).toMatchObject({ ok: true })
  })

  it('finds each of many codes that one side does not have, also where both have as many', async () => {
    const sale = await books.openShop()
    const coupon = await sale.coupon({ codeRequired: true })
    const { verifyFieldsPage, verifyFieldsChunk } = limits
    onTestFinished(() => void Object.assign(limits, { verifyFieldsPage, verifyFieldsChunk }))
    Object.assign(limits, { verifyFieldsPage: 200, verifyFieldsChunk: 60 })
    value(await sale.addCodes(coupon, 300))
    await sale.drain()
    expect(await verify(books, sale.shop)).toMatchObject({ ok: true })
    const codes = `{${sale.shop}}:unique-codes`
    const digests = (await sale.rows('coupon_codes', 'shop, digest')).map(({ digest }) => digest)
    const last = String(digests.at(-1))
    await sale.redis.hdel(codes, last)
    await sale.redis.hset(codes, 'made-up', coupon)
    const { off } =
      (await verify(books, sale.shop)).checks.find(({ name }) => name === 'codes') ?? {}
    expect(off?.map(({ row }) => row)).toEqual([
      `code with the digest ${last}`,
      'code with the digest made-up',
    ])
  })

  it('says how many events are not persisted when nothing drains, and reports no false difference', async () => {
    const sale = await runCleanSale(books)
    const { late } = sale.orders
    value(await sale.order('ann', { [sale.ids.shirt]: 1 }, { pay: true }))
    value(await sale.pay('bob', sale.orders.pending.id))
    value(await sale.claim(sale.ids.coupon, 'dan'))
    value(await sale.charge('dan', 5_000))
    const canBeCancelled = value(await sale.order('dan', { [sale.ids.cap]: 1 }))
    value(await sale.cancel('dan', canBeCancelled.id))
    value(await sale.adjust(sale.ids.cap, 4))
    value(await sale.refund(late.id, { [`${late.id}.1`]: 1 }, { restock: false }))
    value(await sale.claimByCode(sale.ids.codes[2] as string, 'fay'))
    value(await sale.order('dan', 'cart', { pay: true }))
    value(await sale.updateOption(sale.ids.large, { price: 900 }))
    const backlog = await sale.backlog()
    const report = await sale.verify({ drainWaitMs: 0 })
    expect(backlog).toBe(11)
    expect(report.backlog).toBe(backlog)
    expect(off(report)).toEqual(['outbox'])
    expect(report.checks.at(-1)?.off).toEqual([
      {
        row: 'outbox',
        fact: `${backlog} events not yet persisted`,
        actual: `${backlog}`,
        expected: '0',
      },
    ])
    await sale.drain()
    expect(await sale.verify()).toMatchObject({ ok: true, backlog: 0 })
  })

  it('follows everything that can change while none of it is persisted', async () => {
    const sale = await runCleanSale(books)
    await useEverything(sale)
    const report = await sale.verify({ drainWaitMs: 0 })
    expect(report.checks.flatMap((check) => check.off.map(({ row }) => row))).toEqual(['outbox'])
    expect(off(report)).toEqual(['outbox'])
    await sale.drain()
    expect(await sale.verify()).toMatchObject({ ok: true, backlog: 0 })
  })

  it('still finds a wrong counter behind a backlog', async () => {
    const sale = await runCleanSale(books)
    value(await sale.order('ann', { [sale.ids.shirt]: 1 }, { pay: true }))
    await sale.redis.hincrby(sale.key('options'), `${sale.ids.shirt}:sold`, 1)
    expect(off(await sale.verify({ drainWaitMs: 0 }))).toEqual(['stock', 'outbox'])
  })

  it('names what differs where Redis has lost events that Postgres has', async () => {
    const sale = await runCleanSale(books)
    await moveWatermarkBeyondRedis(sale)
    await sale.redis.hincrby(sale.key('balances'), 'bob', -1)
    const report = await sale.verify()
    expect(off(report)).toEqual(['balances', 'outbox'])
    expect(report.checks.flatMap((check) => check.off.map(({ row }) => row))).toEqual([
      'balance of user bob',
      'outbox',
    ])
  })

  it('stays green while the shop is selling', async () => {
    const sale = await runCleanSale(books)
    const { shirt } = sale.ids
    const product = await sale.productOf(shirt)
    const coupon = await sale.coupon({ totalQuantity: 100_000 })
    const gift = await sale.coupon({ totalQuantity: 100_000, codeRequired: true })
    value(await sale.adjust(shirt, 100_000))
    let isSelling = true
    let accepted = 0
    async function buy(buyer: number) {
      for (let round = 0; isSelling; round += 1) {
        const user = `buyer-${buyer}-${round}`
        value(await sale.charge(user, 2_000))
        const { userCouponId } = value(await sale.claim(coupon, user))
        const facts = { userCouponId, pay: round % 2 === 0 }
        // Whoever sells in the process that drains can outrun it.
        await vi.waitFor(async () => expect(await sale.backlog()).toBeLessThan(2_000), waiting)
        value(await sale.setCart(user, shirt, 1))
        const lines = round % 3 === 0 ? ('cart' as const) : { [shirt]: 1 }
        const { id } = value(await sale.order(user, lines, facts))
        if (round % 4 === 1) value(await sale.pay(user, id))
        if (round % 4 === 2) value(await sale.refund(id, {}, { restock: round % 8 === 2 }))
        if (round % 4 === 3) value(await sale.cancel(user, id))
        if (round % 16 === buyer) await change(user, round)
        accepted += 1
      }
    }
    async function change(user: string, round: number) {
      value(await sale.updateOption(shirt, { price: 1_000 + (round % 7), reason: user }))
      value(await sale.updateProduct(product, { name: user, description: `Of ${user}` }))
      value(await sale.updateCoupon(coupon, { totalQuantity: 100_000 + round }))
      const [code] = value(await sale.addCodes(gift, 3))
      value(await sale.claimByCode(code as string, user))
    }
    async function drain() {
      while (isSelling) await sale.drain()
    }
    const selling = [drain(), ...Array.from({ length: 10 }, (_, buyer) => buy(buyer))]
    try {
      for (let run = 0; run < 3; run += 1) {
        const before = accepted
        const report = await sale.verify()
        expect(report.checks.flatMap((check) => check.off)).toEqual([])
        expect(accepted).toBeGreaterThan(before)
      }
    } finally {
      isSelling = false
      await Promise.all(selling)
    }
    await sale.drain()
    expect(await sale.verify()).toMatchObject({ ok: true, backlog: 0 })
  })
})
