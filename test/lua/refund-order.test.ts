import { beforeEach, describe, expect, it } from 'vitest'
import type { OrderRecord } from '../../src/domain/events.ts'
import { Unavailable } from '../../src/domain/outcome.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { expectRefusal } from '../support/refusal.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()
const dayMs = 86_400_000

describe('refund-order', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option({ price: 1_000, stock: 100 })
    await sale.charge('ada', 100_000)
  })

  const buy = async (quantity: number, facts: Parameters<Sale['order']>[2] = {}) =>
    value(await sale.order('ada', { [option]: quantity }, { pay: true, ...facts }))
  const itemOf = (order: OrderRecord) => order.items[0]?.id as string
  const read = (order: OrderRecord) => readOrder(redis, sale.shop, order.id)

  it('idempotency_key_reused: refuses a key that came with another body', async () => {
    const order = await buy(2)
    await sale.refund(order.id, { [itemOf(order)]: 1 }, { key: 'k', body: 1 })
    await expectRefusal(sale, 'idempotency_key_reused', () =>
      sale.refund(order.id, {}, { key: 'k', body: 2 }),
    )
  })

  it('replayed: pays back once for 50 requests at once with one key', async () => {
    const order = await buy(3)
    const part = { [itemOf(order)]: 1 }
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => sale.refund(order.id, part, { key: 'k' })),
    )
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => JSON.stringify(value(outcome)))).size).toBe(1)
    expect(await sale.balance('ada')).toBe(98_000)
    // What came later is not part of the repeated answer.
    await sale.refund(order.id)
    expect(await sale.refund(order.id, part, { key: 'k' })).toEqual({
      ok: true,
      replayed: true,
      value: value(outcomes[0] as (typeof outcomes)[number]),
    })
  })

  it('order_needed: is order_not_found where Postgres does not have it either', async () => {
    const order = await buy(1)
    const otherTime = `0${order.id.slice(1)}`
    const { id: adjustment } = value(await sale.adjust(option, 1))
    for (const id of ['nothing', '#', adjustment, otherTime]) {
      await expectRefusal(sale, 'order_not_found', () => sale.refund(id))
      expect(await readOrder(redis, sale.shop, id)).toBeNull()
    }
  })

  it('order_item_not_found: refuses all parts for one that is not of the order', async () => {
    const [order, other] = [await buy(2), await buy(2)]
    await expectRefusal(sale, 'order_item_not_found', () =>
      sale.refund(order.id, { [itemOf(order)]: 1, [itemOf(other)]: 1 }),
    )
  })

  it('nothing_to_refund: refuses what is not paid', async () => {
    const pending = value(await sale.order('ada', { [option]: 1 }))
    await expectRefusal(sale, 'nothing_to_refund', () => sale.refund(pending.id))
    await sale.cancel('ada', pending.id)
    const expired = value(await sale.order('ada', { [option]: 1 }))
    await sale.lapse(expired.id)
    await sale.pay('ada', expired.id)
    for (const { id } of [pending, expired]) {
      await expectRefusal(sale, 'nothing_to_refund', () => sale.refund(id))
    }
  })

  it('nothing_to_refund: refuses all parts where less of one item is left', async () => {
    const second = await sale.option()
    const order = value(await sale.order('ada', { [option]: 3, [second]: 2 }, { pay: true }))
    const [one, two] = order.items.map(({ id }) => id) as [string, string]
    await sale.refund(order.id, { [one]: 2 })
    await expectRefusal(sale, 'nothing_to_refund', () =>
      sale.refund(order.id, { [one]: 2, [two]: 1 }),
    )
    await sale.refund(order.id)
    await expectRefusal(sale, 'nothing_to_refund', () => sale.refund(order.id))
    await expectRefusal(sale, 'nothing_to_refund', () => sale.refund(order.id, { [two]: 1 }))
  })

  it('balance_limit: refuses what would leave the exact range, to the last unit', async () => {
    const order = await buy(1)
    await sale.charge('ada', limits.balanceMax - 99_999)
    await expectRefusal(sale, 'balance_limit', () => sale.refund(order.id))
    await sale.order('ada', { [await sale.option({ price: 1 })]: 1 }, { pay: true })
    expect(codeOf(await sale.refund(order.id))).toBe('ok')
    expect(await sale.balance('ada')).toBe(limits.balanceMax)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const order = await buy(1)
    const full = sale.engineWith({ backlogMax: 3 })
    await expectRefusal(sale, 'backlog_full', () => sale.refund(order.id, {}, {}, full))
  })

  it('refunded: tells the parts, the balance before and after, and what became of the order', async () => {
    const order = await buy(3)
    const refund = value(await sale.refund(order.id, { [itemOf(order)]: 1 }))
    expect(refund).toMatchObject({
      orderId: order.id,
      userId: 'ada',
      amount: 1_000,
      restock: true,
      items: [{ orderItemId: itemOf(order), quantity: 1, amount: 1_000 }],
      orderStatus: 'COMPLETED',
    })
    expect(parseInt(refund.id.slice(0, 11), 16)).toBe(refund.at)
    const after = await read(order)
    expect(after).toMatchObject({
      status: 'COMPLETED',
      finalAmount: 3_000,
      refundedAmount: 1_000,
      payment: { ...order.payment, status: 'PARTIALLY_REFUNDED' },
      items: [{ refundedQuantity: 1, restockedQuantity: 1, refundedAmount: 1_000, quantity: 3 }],
      refund,
      balanceChange: {
        id: refund.id,
        amount: 1_000,
        beforeAmount: 97_000,
        afterAmount: 98_000,
      },
    })
    expect((await sale.events()).at(-1)).toEqual({ type: 'order_refunded', data: after })
  })

  it('refunded: of all that is left makes the order refunded', async () => {
    const order = await buy(3)
    await sale.refund(order.id, { [itemOf(order)]: 1 })
    expect(value(await sale.refund(order.id))).toMatchObject({
      amount: 2_000,
      items: [{ quantity: 2 }],
      orderStatus: 'REFUNDED',
    })
    expect(await read(order)).toMatchObject({
      status: 'REFUNDED',
      refundedAmount: 3_000,
      payment: { status: 'REFUNDED', amount: 3_000 },
    })
    expect(await sale.balance('ada')).toBe(100_000)
  })

  it('refunded: never pays back more than was paid under 50 refunds at once', async () => {
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const order = await buy(7, { userCouponId })
    const engines = [sale.engineWith(), sale.engineWith()]
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, number) =>
        sale.refund(order.id, { [itemOf(order)]: 1 }, {}, engines[number % 2]),
      ),
    )
    const amounts = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.amount] : []))
    expect(amounts).toHaveLength(7)
    expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(6_900)
    expect(new Set(outcomes.filter((outcome) => !outcome.ok).map(codeOf))).toEqual(
      new Set(['nothing_to_refund']),
    )
    expect(await sale.balance('ada')).toBe(100_000)
    expect(await sale.units(option)).toEqual({ free: 100, held: 0, sold: 0 })
  })

  it('refunded: puts units on sale again, or leaves them sold where they are gone', async () => {
    const order = await buy(5)
    await sale.refund(order.id, { [itemOf(order)]: 2 })
    expect(await sale.units(option)).toEqual({ free: 97, held: 0, sold: 3 })
    await sale.refund(order.id, {}, { restock: false })
    expect(await sale.units(option)).toEqual({ free: 97, held: 0, sold: 3 })
    expect((await read(order))?.items).toMatchObject([
      { refundedQuantity: 5, restockedQuantity: 2 },
    ])
  })

  it('refunded: frees the user’s limit, restocked or not', async () => {
    const limited = await sale.option({ perUserLimit: 2 })
    const order = value(await sale.order('ada', { [limited]: 2 }, { pay: true }))
    const again = () => sale.order('ada', { [limited]: 1 })
    expect(codeOf(await again())).toBe('per_user_limit')
    await sale.refund(order.id, { [itemOf(order)]: 1 }, { restock: false })
    expect(codeOf(await again())).toBe('ok')
    expect(codeOf(await again())).toBe('per_user_limit')
    await sale.refund(order.id)
    expect(codeOf(await again())).toBe('ok')
    expect(await sale.bought(limited, 'ada')).toBe(2)
  })

  it('refunded: leaves the discount of what is kept, also below the minimum of its coupon', async () => {
    const coupon = await sale.coupon({ minOrderAmount: 3_000, discountValue: 301 })
    const { userCouponId } = value(await sale.claim(coupon, 'ada'))
    const order = await buy(3, { userCouponId })
    const refund = () => sale.refund(order.id, { [itemOf(order)]: 1 })
    const amounts = []
    for (let part = 1; part <= 3; part++) amounts.push(value(await refund()).amount)
    expect(amounts).toEqual([899, 900, 900])
  })

  it('refunded: leaves no row of the balance where nothing was paid', async () => {
    const { userCouponId } = value(
      await sale.claim(await sale.coupon({ discountValue: 9_000 }), 'ada'),
    )
    const order = await buy(2, { userCouponId })
    expect(order.finalAmount).toBe(0)
    expect(value(await sale.refund(order.id)).amount).toBe(0)
    const after = await read(order)
    expect(after).toMatchObject({ status: 'REFUNDED', refundedAmount: 0 })
    expect(after?.balanceChange).toBeUndefined()
    expect(await sale.balance('ada')).toBe(100_000)
  })

  it('refunded: takes the sales out of the ranking of the day of payment', async () => {
    const productId = await sale.productOf(option)
    const bobs = value(await sale.order('bob', { [option]: 1 }))
    await sale.charge('bob', 1_000)
    const today = value(await sale.pay('bob', bobs.id)).payment?.paidAt as number
    const order = await buy(3)
    const yesterday = today - dayMs
    await sale.backdate(order.id, yesterday)
    await sale.refund(order.id, { [itemOf(order)]: 1 })
    expect(await sale.ranked(productId, yesterday)).toBe(2)
    await sale.refund(order.id, {}, { restock: false })
    expect(await sale.ranked(productId, yesterday)).toBeNull()
    expect(await sale.ranked(productId, today)).toBe(1)
  })

  it('refunded: touches no ranking of a day that no window reaches', async () => {
    const productId = await sale.productOf(option)
    // The day may turn while this runs: the day at the border is left out.
    const days = [limits.rankingDaysMax - 2, limits.rankingDaysMax + 1]
    const ranks: (number | null)[] = []
    for (const daysAgo of days) {
      const paidAt = Date.now() - daysAgo * dayMs
      const order = await buy(3)
      await sale.backdate(order.id, paidAt)
      await sale.refund(order.id, { [itemOf(order)]: 1 })
      ranks.push(await sale.ranked(productId, paidAt))
    }
    expect(ranks).toEqual([2, 3])
  })

  it('refunded: is neither paid again nor cancelled', async () => {
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    for (const parts of [1, 2]) {
      const order = await buy(2, parts === 1 ? { userCouponId } : {})
      await sale.refund(order.id, { [itemOf(order)]: parts })
      const refunded = await read(order)
      const before = await sale.state()
      expect(await sale.pay('ada', order.id)).toEqual({
        ok: true,
        replayed: true,
        value: refunded,
      })
      expect(codeOf(await sale.cancel('ada', order.id))).toBe('order_completed')
      expect(await sale.state()).toEqual(before)
    }
  })

  describe('of an order that has left Redis', () => {
    /** As the upkeep leaves it, a day later. */
    async function leave(order: OrderRecord) {
      await redis.hdel(shopKey(sale.shop, 'orders'), order.id.slice(11))
    }

    it('pays back from what the caller gives, and can be read at once', async () => {
      const order = await buy(3)
      await leave(order)
      await expectRefusal(sale, 'order_not_found', () => sale.refund(order.id))
      const refund = value(
        await sale.refund(order.id, { [itemOf(order)]: 1 }, { storedOrder: order }),
      )
      expect(refund.amount).toBe(1_000)
      expect(await read(order)).toMatchObject({
        status: 'COMPLETED',
        refundedAmount: 1_000,
        refund,
      })
      expect(await sale.units(option)).toEqual({ free: 98, held: 0, sold: 2 })
      expect(await sale.balance('ada')).toBe(98_000)
    })

    it('goes on from the last refund, whatever the caller gives', async () => {
      const order = await buy(3)
      await leave(order)
      const storedOrder = order
      await sale.refund(order.id, { [itemOf(order)]: 2 }, { storedOrder })
      expect(value(await sale.refund(order.id, {}, { storedOrder })).amount).toBe(1_000)
      await expectRefusal(sale, 'nothing_to_refund', () =>
        sale.refund(order.id, {}, { storedOrder }),
      )
      expect(await sale.balance('ada')).toBe(100_000)
    })

    it('pays back once for 50 refunds at once, each with what Postgres had', async () => {
      const order = await buy(3)
      await leave(order)
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () => sale.refund(order.id, {}, { storedOrder: order })),
      )
      expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1)
      expect(await sale.balance('ada')).toBe(100_000)
      expect(await sale.units(option)).toEqual({ free: 100, held: 0, sold: 0 })
    })

    it('prefers what Redis has to what the caller gives', async () => {
      const order = await buy(3)
      await sale.refund(order.id)
      await expectRefusal(sale, 'nothing_to_refund', () =>
        sale.refund(order.id, {}, { storedOrder: order }),
      )
    })

    /** What Postgres has of an order once all events are in it. */
    async function persist(order: OrderRecord) {
      const newest = (await read(order)) as OrderRecord
      return { storedOrder: newest, storedEvent: await sale.trim('ada') }
    }

    it('is not paid back twice from a copy that another refund has overtaken', async () => {
      for (const isDropped of [false, true]) {
        const order = await buy(3)
        const first = await persist(order)
        if (isDropped) await leave(order)
        const part = { [itemOf(order)]: 2 }
        expect(value(await sale.refund(order.id, part, first)).amount).toBe(2_000)
        const second = await persist(order)
        expect(await read(order)).toBeNull()

        const copies = [first, first, second]
        const findStored = async () => {
          const { storedOrder, storedEvent } = copies.shift() as typeof first
          return { order: storedOrder, eventId: storedEvent }
        }
        await expectRefusal(sale, 'nothing_to_refund', () =>
          sale.refund(order.id, part, { findStored }),
        )
        expect(copies).toEqual([])
        expect(value(await sale.refund(order.id, {}, second)).amount).toBe(1_000)
        expect(await sale.balance('ada')).toBe(100_000)
        expect((await read(order))?.status).toBe('REFUNDED')
        await sale.trim('ada')
      }
    })

    it('is left alone where Postgres never comes to have what Redis knows it has', async () => {
      const order = await buy(3)
      const first = await persist(order)
      const before = await sale.state()
      let reads = 0
      const findStored = async () => {
        reads += 1
        return { order: first.storedOrder, eventId: '1-1' }
      }
      await expect(sale.refund(order.id, {}, { findStored })).rejects.toThrow(Unavailable)
      expect(reads).toBe(limits.storedOrderReadsMax)
      expect(await sale.state()).toEqual(before)
    })

    it('leaves the order alone that used its key again', async () => {
      const first = await buy(1, { key: 'k' })
      await leave(first)
      const second = await buy(2, { key: 'k' })
      expect(second.id.slice(11)).toBe(first.id.slice(11))
      // As if a day had passed between the two.
      const old = { ...first, id: `0${first.id.slice(1)}` }
      value(await sale.refund(old.id, {}, { storedOrder: old }))
      expect(await read(second)).toEqual(second)
      expect(await read(old)).toMatchObject({ id: old.id, status: 'REFUNDED' })
      expect(value(await sale.refund(second.id)).amount).toBe(2_000)
      expect(await sale.balance('ada')).toBe(100_000)
    })
  })
})
