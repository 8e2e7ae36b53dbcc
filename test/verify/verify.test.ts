import { describe, expect, it, vi } from 'vitest'
import { salesKey } from '../../src/redis/keys.ts'
import { verify } from '../../src/verify/verify.ts'
import { value } from '../support/sale.ts'
import { openBooks } from '../workers/books.ts'
import { type CleanSale, runCleanSale } from './clean-sale.ts'

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
      'stock',
      'coupons',
      'user-coupons',
      'balances',
      'orders',
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

  it('says how many events are not persisted when nothing drains, and reports no false difference', async () => {
    const sale = await runCleanSale(books)
    value(await sale.order('ann', { [sale.ids.shirt]: 1 }, { pay: true }))
    value(await sale.pay('bob', sale.orders.pending.id))
    value(await sale.claim(sale.ids.coupon, 'dan'))
    value(await sale.charge('dan', 5_000))
    const canBeCancelled = value(await sale.order('dan', { [sale.ids.cap]: 1 }))
    value(await sale.cancel('dan', canBeCancelled.id))
    value(await sale.adjust(sale.ids.cap, 4))
    await sale.option({ stock: 3 })
    await sale.coupon()
    const report = await sale.verify({ drainWaitMs: 0 })
    expect(report.backlog).toBe(9)
    expect(off(report)).toEqual(['outbox'])
    expect(report.checks.at(-1)?.off).toEqual([
      { row: 'outbox', fact: '9 events not yet persisted', actual: '9', expected: '0' },
    ])
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
    const coupon = await sale.coupon({ totalQuantity: 100_000 })
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
        const { id } = value(await sale.order(user, { [shirt]: 1 }, facts))
        if (round % 4 === 1) value(await sale.pay(user, id))
        if (round % 4 === 3) value(await sale.cancel(user, id))
        accepted += 1
      }
    }
    async function drain() {
      while (isSelling) await sale.drain()
    }
    const selling = [drain(), ...Array.from({ length: 10 }, (_, buyer) => buy(buyer))]
    try {
      for (let run = 0; run < 5; run += 1) {
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

type Corruption = {
  check: string
  /** What is spoiled, as a clause after "when". */
  when: string
  spoil: (sale: CleanSale) => Promise<unknown>
  /** The row and the fact that the check names. */
  names: (sale: CleanSale) => { row: string; fact: string }
}

const corruptions: Corruption[] = [
  {
    check: 'hot-state',
    when: 'the shop is closed',
    spoil: (sale) => sale.redis.hset(sale.key('meta'), 'state', 'closed'),
    names: (sale) => ({ row: `shop ${sale.shop}`, fact: 'state in Redis' }),
  },
  {
    check: 'hot-state',
    when: 'a hot key is lost',
    spoil: (sale) => sale.redis.del(sale.key('balances')),
    names: () => ({ row: 'hot state balances', fact: 'presence in Redis' }),
  },
  {
    check: 'hot-state',
    when: 'Redis is of another epoch',
    spoil: (sale) => sale.redis.hset(sale.key('meta'), 'epoch', '2'),
    names: (sale) => ({ row: `shop ${sale.shop}`, fact: 'epoch in Redis' }),
  },
  {
    check: 'stock',
    when: 'Redis has one free unit too many',
    spoil: (sale) => sale.redis.hincrby(sale.key('options'), `${sale.ids.cap}:free`, 1),
    names: (sale) => ({ row: `option ${sale.ids.cap}`, fact: 'free in Redis' }),
  },
  {
    check: 'stock',
    when: 'an option is lost from Redis',
    spoil: (sale) => {
      const { cap } = sale.ids
      return sale.redis.hdel(sale.key('options'), cap, `${cap}:free`, `${cap}:held`, `${cap}:sold`)
    },
    names: (sale) => ({ row: `option ${sale.ids.cap}`, fact: 'free in Redis' }),
  },
  {
    check: 'stock',
    when: 'an adjustment is missing from the stock history',
    spoil: (sale) =>
      sale.spoilRow(`delete from product_stock_history where shop = $shop and type = 'ADJUST'`),
    names: (sale) => ({
      row: `option ${sale.ids.shirt}`,
      fact: 'stock + held + sold against the supply in the stock history',
    }),
  },
  {
    check: 'stock',
    when: 'Postgres counts one unit sold too many',
    spoil: (sale) =>
      sale.spoilRow(
        `update product_options set sold = sold + 1 where shop = $shop and id = '${sale.ids.cap}'`,
      ),
    names: (sale) => ({ row: `option ${sale.ids.cap}`, fact: 'sold against completed orders' }),
  },
  {
    check: 'coupons',
    when: 'Redis has issued one more than Postgres',
    spoil: (sale) => sale.redis.hincrby(sale.key('coupons'), `${sale.ids.coupon}:issued`, 1),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon}`, fact: 'issued in Redis' }),
  },
  {
    check: 'coupons',
    when: 'Postgres counts one used too few',
    spoil: (sale) =>
      sale.spoilRow(
        `update coupons set used_quantity = 1 where shop = $shop and id = '${sale.ids.coupon}'`,
      ),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon}`, fact: 'used against used user coupons' }),
  },
  {
    check: 'coupons',
    when: 'the limit per user is broken',
    spoil: async (sale) => {
      const field = `${sale.ids.coupon}:`
      await sale.spoilRow(
        `update user_coupons set user_id = 'ann' where shop = $shop and id = '${sale.ids.coupon}.2'`,
      )
      // Redis is spoiled in the same way, so that it is the limit alone that is off.
      const [ann, bob] = await sale.redis.hmget(sale.key('claims'), `${field}ann`, `${field}bob`)
      await sale.redis.hset(sale.key('claims'), `${field}ann`, `${ann}|${bob}`)
      await sale.redis.hdel(sale.key('claims'), `${field}bob`)
    },
    names: (sale) => ({
      row: `coupon ${sale.ids.coupon} of user ann`,
      fact: 'user coupons, not above the limit per user',
    }),
  },
  {
    check: 'user-coupons',
    when: 'a hot claim has another status',
    spoil: async (sale) => {
      const field = `${sale.ids.coupon}:ann`
      const record = await sale.redis.hget(sale.key('claims'), field)
      const available = record?.replace(/ U.*$/, ' A') as string
      await sale.redis.hset(sale.key('claims'), field, available)
    },
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user ann`, fact: 'rank 1 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'a hot claim is lost',
    spoil: (sale) => sale.redis.hdel(sale.key('claims'), `${sale.ids.coupon}:bob`),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user bob`, fact: 'rank 2 in Redis' }),
  },
  {
    check: 'user-coupons',
    when: 'Redis has a claim that nobody made',
    spoil: (sale) => sale.redis.hset(sale.key('claims'), `${sale.ids.coupon}:eve`, '9 1 0 A'),
    names: (sale) => ({ row: `coupon ${sale.ids.coupon} of user eve`, fact: 'rank 9 in Redis' }),
  },
  {
    check: 'balances',
    when: 'a hot balance is off by one',
    spoil: (sale) => sale.redis.hincrby(sale.key('balances'), 'bob', -1),
    names: () => ({ row: 'balance of user bob', fact: 'amount in Redis' }),
  },
  {
    check: 'balances',
    when: 'a hot balance is lost',
    spoil: (sale) => sale.redis.hdel(sale.key('balances'), 'bob'),
    names: () => ({ row: 'balance of user bob', fact: 'amount in Redis' }),
  },
  {
    check: 'balances',
    when: 'a charge is missing from the history',
    spoil: (sale) =>
      sale.spoilRow(`delete from balance_history where shop = $shop and user_id = 'bob'`),
    names: () => ({
      row: 'balance of user bob',
      fact: 'amount against charges + refunds - deductions',
    }),
  },
  {
    check: 'balances',
    when: 'the chain of changes has a gap',
    spoil: (sale) =>
      sale.spoilRow(`update balance_history set before_amount = before_amount + 1,
        after_amount = after_amount + 1 where shop = $shop and user_id = 'bob'`),
    names: () => ({
      row: expect.stringMatching(/^balance history \S+ of user bob$/),
      fact: 'amount before, as the last change left it',
    }),
  },
  {
    check: 'orders',
    when: 'a payment is of another amount',
    spoil: (sale) =>
      sale.spoilRow(`update payments set amount = amount + 1
        where shop = $shop and order_id = '${sale.orders.paid.id}'`),
    names: (sale) => ({ row: `order ${sale.orders.paid.id}`, fact: 'amount of the payment' }),
  },
  {
    check: 'orders',
    when: 'the discount of an order is not that of its items',
    spoil: (sale) =>
      sale.spoilRow(`update order_items set discount_amount = discount_amount - 1
        where shop = $shop and order_id = '${sale.orders.withCoupon.id}'`),
    names: (sale) => ({
      row: `order ${sale.orders.withCoupon.id}`,
      fact: 'discount against its items',
    }),
  },
  {
    check: 'orders',
    when: 'money was deducted for another order',
    spoil: (sale) =>
      sale.spoilRow(`update balance_history set order_id = '${sale.orders.pending.id}'
        where shop = $shop and order_id = '${sale.orders.paid.id}'`),
    names: (sale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: 'deductions, one where something was to pay',
    }),
  },
  {
    check: 'orders',
    when: 'a hot order has another status',
    spoil: async (sale) => {
      const operationId = sale.orders.cancelled.id.slice(11)
      const record = (await sale.redis.hget(sale.key('orders'), operationId)) as string
      const order = JSON.parse(record)
      await sale.redis.hset(
        sale.key('orders'),
        operationId,
        JSON.stringify({ ...order, status: 'COMPLETED' }),
      )
    },
    names: (sale) => ({ row: `order ${sale.orders.cancelled.id}`, fact: 'status in Redis' }),
  },
  {
    check: 'holds',
    when: 'a pending order is not on hold',
    spoil: (sale) => sale.redis.zrem(sale.key('holds'), sale.orders.pending.id.slice(11)),
    names: (sale) => ({
      row: `order ${sale.orders.pending.id}`,
      fact: 'deadline of its hold in Redis',
    }),
  },
  {
    check: 'holds',
    when: 'a finished order is on hold',
    spoil: (sale) => sale.redis.zadd(sale.key('holds'), 99, sale.orders.paid.id.slice(11)),
    names: (sale) => ({
      row: `order ${sale.orders.paid.id}`,
      fact: 'deadline of its hold in Redis',
    }),
  },
  {
    check: 'holds',
    when: 'a user has bought more than his orders say',
    spoil: (sale) => sale.redis.hincrby(sale.key('purchases'), `${sale.ids.shirt}:ann`, 1),
    names: (sale) => ({
      row: `purchases of option ${sale.ids.shirt} by user ann`,
      fact: 'units in Redis',
    }),
  },
  {
    check: 'ranking',
    when: 'a sale is counted twice',
    spoil: async (sale) => {
      const [best] = await sale.redis.zrange(salesKey(sale.shop, new Date()), '0', '0', 'REV')
      await sale.redis.zincrby(salesKey(sale.shop, new Date()), 1, best as string)
    },
    names: () => ({ row: expect.stringMatching(/^sales of product /), fact: 'units in Redis' }),
  },
  {
    check: 'ranking',
    when: "a day's ranking is lost",
    spoil: (sale) => sale.redis.del(salesKey(sale.shop, new Date())),
    names: () => ({ row: expect.stringMatching(/^sales of product /), fact: 'units in Redis' }),
  },
  {
    check: 'outbox',
    when: 'there is a dead letter',
    spoil: (sale) =>
      sale.spoilRow(`insert into dead_letters (shop, event_id, stream_id, type, data, error)
        values ($shop, 5, '0-5', 'order_placed', '{}', 'no items')`),
    names: () => ({ row: 'event 0-5', fact: 'order_placed' }),
  },
  {
    check: 'outbox',
    when: 'a persisted order is still marked as recent',
    spoil: (sale) => sale.redis.hset(sale.key('recents'), 'ann', 'operation=1-1'),
    names: () => ({ row: 'recent order operation=1-1 of user ann', fact: 'its event' }),
  },
  {
    check: 'outbox',
    when: 'the watermark is beyond the last event',
    spoil: moveWatermarkBeyondRedis,
    names: () => ({ row: 'outbox', fact: 'watermark, not beyond the last event' }),
  },
  {
    check: 'outbox',
    when: 'an empty outbox has lost events',
    spoil: (sale) =>
      sale.spoilRow(`update outbox_watermarks
        set event_id = 1 << 20, stream_id = '1-0' where shop = $shop`),
    names: () => ({ row: 'outbox', fact: 'watermark of an empty outbox: later events are lost' }),
  },
]

describe('verify names exactly the check and the row that is off', () => {
  it.each(corruptions)('$check: when $when', async ({ check, spoil, names }) => {
    const sale = await runCleanSale(books)
    await spoil(sale)
    const report = await sale.verify()
    expect(off(report)).toEqual([check])
    expect(report.ok).toBe(false)
    const found = report.checks.find(({ name }) => name === check)?.off
    expect(found).toContainEqual(expect.objectContaining(names(sale)))
    for (const { actual, expected } of found ?? []) expect(actual).not.toEqual(expected)
  })
})

function moveWatermarkBeyondRedis(sale: CleanSale) {
  return sale.spoilRow(`update outbox_watermarks
    set event_id = event_id + (1000::bigint << 20), stream_id =
      (split_part(stream_id, '-', 1)::bigint + 1000) || '-' || split_part(stream_id, '-', 2)
    where shop = $shop`)
}

/** The names of the checks that do not hold. */
function off(report: { checks: { name: string; ok: boolean }[] }): string[] {
  return report.checks.filter(({ ok }) => !ok).map(({ name }) => name)
}
