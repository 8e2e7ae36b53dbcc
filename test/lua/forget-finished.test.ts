import { beforeEach, describe, expect, it } from 'vitest'
import type { OrderRecord } from '../../src/domain/events.ts'
import { forgetFinished } from '../../src/engine/forget-finished.ts'
import { parseOrderStub } from '../../src/engine/order-stub.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { limits } from '../../src/limits.ts'
import { salesKey, sentinel, shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('forget-finished', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option({ stock: 10_000 })
    await sale.charge('ada', 1_000_000)
  })

  const forget = () => forgetFinished(redis, { shop: sale.shop })

  /** Moves the end of an operation into the past, just beyond or just within its retention. */
  async function age(name: 'orders' | 'operations', field: string, ageMs: number) {
    const key = shopKey(sale.shop, name)
    const text = (await redis.hget(key, field)) as string
    const endedAt = Date.now() - ageMs
    const sinceOrder = endedAt - Number.parseInt(text.slice(0, 11), 16)
    const stub = parseOrderStub(field, text) && `${text.slice(0, 19)}${sinceOrder}-0`
    await redis.hset(key, field, stub ?? JSON.stringify({ ...JSON.parse(text), at: endedAt }))
  }

  const ordersKept = async () =>
    (await redis.hkeys(shopKey(sale.shop, 'orders'))).filter((field) => field !== sentinel)

  const tooOld = limits.idempotencyRetentionMs + 60_000
  const oldButKept = limits.idempotencyRetentionMs - 60_000

  it('forgotten: drops what ended before the retention, and nothing younger', async () => {
    const paid = value(await sale.order('ada', { [option]: 1 }, { pay: true }))
    const kept = value(await sale.order('ada', { [option]: 1 }, { pay: true }))
    const cancelled = value(await sale.order('ada', { [option]: 1 }))
    await sale.cancel('ada', cancelled.id)
    const charge = value(await sale.charge('ada', 1))
    await sale.trim('ada')
    await age('orders', paid.id.slice(11), tooOld)
    await age('orders', kept.id.slice(11), oldButKept)
    await age('orders', cancelled.id.slice(11), tooOld)
    await age('operations', charge.id.slice(11), tooOld)

    expect(await forget()).toEqual({ forgotten: 3 })
    expect(await ordersKept()).toEqual([kept.id.slice(11)])
    expect(await forget()).toEqual({ forgotten: 0 })
  })

  it('forgotten: never drops a pending order, however old', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }))
    await sale.trim('ada')
    const operationId = order.id.slice(11)
    const record = { ...order, orderedAt: 1, expiresAt: 1 }
    await redis.hset(shopKey(sale.shop, 'orders'), operationId, JSON.stringify(record))
    expect(await forget()).toEqual({ forgotten: 0 })
  })

  it('forgotten: drops also what an earlier version kept of a finished order', async () => {
    const paid = value(await sale.order('ada', { [option]: 1 }, { pay: true }))
    const cancelled = value(await sale.order('ada', { [option]: 1 }))
    await sale.cancel('ada', cancelled.id)
    const kept = value(await sale.order('ada', { [option]: 1 }, { pay: true }))
    for (const { id } of [paid, cancelled, kept]) {
      const endedAt = Date.now() - (id === kept.id ? oldButKept : tooOld)
      const record = (await readOrder(redis, sale.shop, id)) as OrderRecord
      if (record.cancelledAt) record.cancelledAt = endedAt
      if (record.payment) record.payment.paidAt = endedAt
      await redis.hset(shopKey(sale.shop, 'orders'), id.slice(11), JSON.stringify(record))
    }
    await sale.trim('ada')
    expect(await forget()).toEqual({ forgotten: 2 })
    expect(await ordersKept()).toEqual([kept.id.slice(11)])
  })

  it('forgotten: drops nothing that Postgres does not have', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }, { pay: true }))
    await age('orders', order.id.slice(11), tooOld)
    const outbox = shopKey(sale.shop, 'outbox')
    const entries = await redis.xrange(outbox, '-', '+')
    await redis.del(outbox)
    // The same events, from a time before the order: its own is among those that wait.
    for (const [index, [, fields]] of entries.entries()) {
      await redis.xadd(outbox, `${Date.now() - tooOld - 1_000}-${index}`, ...fields)
    }
    expect(await forget()).toEqual({ forgotten: 0 })
    await sale.trim('ada')
    expect(await forget()).toEqual({ forgotten: 1 })
  })

  it('forgotten: comes round to every record, a part at a time', async () => {
    // Below 512 fields Redis keeps a hash as a list, of which a scan returns all.
    const count = 6 * limits.forgetScannedMax
    const orders = await Promise.all(
      Array.from({ length: count }, () =>
        sale.order('ada', { [option]: 1 }, { pay: true }).then(value),
      ),
    )
    await sale.trim('ada')
    for (const order of orders) await age('orders', order.id.slice(11), tooOld)
    const parts: number[] = []
    while (parts.reduce((sum, part) => sum + part, 0) < count) {
      parts.push((await forget()).forgotten)
      expect(parts.length).toBeLessThan(count)
    }
    // A scan may return a little more than it was asked for.
    expect(Math.max(...parts)).toBeLessThanOrEqual(2 * limits.forgetScannedMax)
  })

  it('forgotten: keeps an order and its refund for as long after the refund', async () => {
    const order = value(await sale.order('ada', { [option]: 2 }, { pay: true }))
    const part = { [order.items[0]?.id as string]: 1 }
    const operationId = order.id.slice(11)
    await sale.trim('ada')
    await age('orders', operationId, tooOld)
    const text = await redis.hget(shopKey(sale.shop, 'orders'), operationId)
    const storedEvent = parseOrderStub(operationId, text as string)?.eventId as string
    const facts = { key: 'r', storedOrder: order, storedEvent }
    const refund = value(await sale.refund(order.id, part, facts))
    await sale.trim('ada')
    expect(await forget()).toEqual({ forgotten: 0 })
    expect(await sale.refund(order.id, part, { key: 'r' })).toMatchObject({ replayed: true })
    await age('orders', operationId, tooOld)
    await age('operations', refund.id.slice(11), tooOld)
    expect(await forget()).toEqual({ forgotten: 2 })
  })

  it('forgotten: drops an order again that came back for a refund', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }, { pay: true }))
    await redis.hdel(shopKey(sale.shop, 'orders'), order.id.slice(11))
    await sale.refund(order.id, {}, { storedOrder: order })
    await sale.trim('ada')
    expect(await forget()).toEqual({ forgotten: 0 })
    await age('operations', order.id, tooOld)
    expect(await forget()).toEqual({ forgotten: 1 })
    expect(await redis.hexists(shopKey(sale.shop, 'operations'), order.id)).toBe(0)
  })

  it('forgotten: drops the rankings of days that no window reaches, and no other', async () => {
    const dayMs = 86_400_000
    const now = Date.now()
    const dayAgo = (days: number) => salesKey(sale.shop, new Date(now - days * dayMs))
    const { rankingDaysMax } = limits
    // The day may turn while this runs: the days at the border are left out.
    const kept = [0, 1, rankingDaysMax - 2]
    const gone = [rankingDaysMax + 1, rankingDaysMax + 20]
    for (const days of [...kept, ...gone]) await redis.zadd(dayAgo(days), 1, 'product')
    await forget()
    const remain = async (days: number[]) => redis.exists(...days.map(dayAgo))
    expect([await remain(kept), await remain(gone)]).toEqual([kept.length, 0])
  })
})
