import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OrderRecord } from '../../src/domain/events.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { sentinel, shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { openSale, type Sale } from '../support/sale.ts'

const redis = await connect()

const stock = 20
const charged = 20_000
const users = ['ada', 'bob', 'cleo']

/** What one step does; `n` picks the user, the quantity and the order that it is about. */
const step = fc.record({
  act: fc.constantFrom(
    'order',
    'buy',
    'cart',
    'pay',
    'cancel',
    'lapse',
    'refund',
    'gone',
    'adjust',
  ),
  n: fc.nat({ max: 1_000 }),
})

async function take(sale: Sale, options: string[], { act, n }: { act: string; n: number }) {
  const user = users[n % users.length] as string
  const orders = (await sale.events()).filter(({ type }) => type === 'order_placed')
  const order = orders[n % Math.max(orders.length, 1)]?.data
  const quantity = 1 + (n % 7)
  const lines = { [options[n % 2] as string]: quantity, [options[2] as string]: 1 }
  switch (act) {
    case 'order':
      return sale.order(user, lines)
    case 'buy':
      return sale.order(user, lines, { pay: true })
    case 'cart':
      await sale.setCart(user, options[n % 3] as string, quantity)
      return sale.order(user, 'cart')
    case 'adjust':
      return sale.adjust(options[n % 3] as string, (n % 9) - 4 || 1)
  }
  if (!order) return
  const part = { [order.items[0].id]: quantity }
  switch (act) {
    case 'pay':
      return sale.pay(order.userId, order.id)
    case 'cancel':
      return sale.cancel(order.userId, order.id)
    case 'refund':
      return sale.refund(order.id, n % 2 ? part : {})
    case 'gone':
      return sale.refund(order.id, part, { restock: false })
    case 'lapse': {
      if ((await readOrder(redis, sale.shop, order.id))?.status !== 'PENDING') return
      await sale.lapse(order.id)
      return reapHolds(sale.engine, { shop: sale.shop })
    }
  }
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

/** Compares what Redis counts with what the events say in all. */
async function expectBooks(sale: Sale, options: string[]) {
  const events = await sale.events()
  const last = new Map<string, OrderRecord>()
  for (const { type, data } of events) if (type.startsWith('order_')) last.set(data.id, data)
  const orders = [...last.values()]
  const items = orders.flatMap((order) => order.items.map((item) => ({ ...item, order })))

  for (const option of options) {
    const own = items.filter(({ optionId }) => optionId === option)
    const held = own.filter(({ order }) => order.status === 'PENDING')
    const sold = own.filter(({ order }) => order.payment)
    const adjusted = events.filter(({ data }) => data.optionId === option && 'change' in data)
    const units = {
      held: sum(held.map(({ quantity }) => quantity)),
      sold: sum(sold.map(({ quantity, restockedQuantity = 0 }) => quantity - restockedQuantity)),
    }
    const putIn = stock + sum(adjusted.map(({ data }) => data.change))
    expect(await sale.units(option)).toEqual({ ...units, free: putIn - units.held - units.sold })
    expect(putIn - units.held - units.sold).toBeGreaterThanOrEqual(0)
    for (const user of users) {
      const bought = [...held, ...sold]
        .filter(({ order }) => order.userId === user)
        .map(({ quantity, refundedQuantity = 0 }) => quantity - refundedQuantity)
      expect(await sale.bought(option, user)).toBe(sum(bought))
    }
  }
  const changes = events.flatMap(({ type, data }) =>
    type === 'balance_charged'
      ? [data]
      : data.balanceChange
        ? [{ ...data.balanceChange, userId: data.userId }]
        : [],
  )
  expect(new Set(changes.map(({ id }) => id)).size).toBe(changes.length)
  for (const user of users) {
    const own = changes.filter(({ userId }) => userId === user)
    expect(own.map(({ beforeAmount }) => beforeAmount)).toEqual([
      0,
      ...own.slice(0, -1).map(({ afterAmount }) => afterAmount),
    ])
    const spent = orders
      .filter(({ userId, payment }) => userId === user && payment)
      .map(({ finalAmount, refundedAmount = 0 }) => finalAmount - refundedAmount)
    expect(await sale.balance(user)).toBe(charged - sum(spent))
    expect(charged - sum(spent)).toBeGreaterThanOrEqual(0)
  }
  const ranked = sum(
    items
      .filter(({ order }) => order.payment)
      .map(({ quantity, refundedQuantity = 0 }) => quantity - refundedQuantity),
  )
  const productId = await sale.productOf(options[0] as string)
  // The day may have turned meanwhile.
  const days = [Date.now(), Date.now() - 86_400_000]
  const ranks = await Promise.all(days.map((day) => sale.ranked(productId, day)))
  expect(sum(ranks.map((rank) => rank ?? 0))).toBe(ranked)

  const holds = await redis.zrange(shopKey(sale.shop, 'holds'), '0', '-1')
  expect(holds.filter((id) => id !== sentinel).sort()).toEqual(
    orders
      .filter(({ status }) => status === 'PENDING')
      .map(({ id }) => id.slice(11))
      .sort(),
  )
}

describe('the books of a shop', () => {
  it('balance after any sequence of decisions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const sale = await openSale(redis, uniqueShop())
        const { options } = await sale.product([{ stock }, { stock }, { stock, perUserLimit: 3 }])
        const ids = options.map(({ id }) => id)
        for (const user of users) await sale.charge(user, charged)
        for (const one of steps) await take(sale, ids, one)
        await expectBooks(sale, ids)
      }),
      { numRuns: 40 },
    )
  })
})
