import { beforeEach, describe, expect, it } from 'vitest'
import { reapHolds } from '../../src/engine/reap-holds.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('pay-order', () => {
  let sale: Sale
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    option = await sale.option()
  })

  it('order_not_found: tells nothing of another user’s order', async () => {
    await sale.charge('bob', 5_000)
    const order = value(await sale.order('ada', { [option]: 1 }))
    expect(codeOf(await sale.pay('bob', order.id))).toBe('order_not_found')
    expect(codeOf(await sale.pay('ada', 'nothing'))).toBe('order_not_found')
    const otherTime = `0${order.id.slice(1)}`
    expect(codeOf(await sale.pay('ada', otherTime))).toBe('order_not_found')
  })

  it('replayed: takes the money once for 50 payments at once', async () => {
    await sale.charge('ada', 5_000)
    const order = value(await sale.order('ada', { [option]: 1 }))
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => sale.pay('ada', order.id)))
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => JSON.stringify(value(outcome)))).size).toBe(1)
    expect(await sale.balance('ada')).toBe(4_000)
  })

  it('order_cancelled: refuses what was cancelled', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }))
    await sale.cancel('ada', order.id)
    expect(codeOf(await sale.pay('ada', order.id))).toBe('order_cancelled')
  })

  it('order_expired: refuses after the deadline and gives back what was held', async () => {
    await sale.charge('ada', 5_000)
    const order = value(await sale.order('ada', { [option]: 2 }))
    await sale.lapse(order.id)
    expect(codeOf(await sale.pay('ada', order.id))).toBe('order_expired')
    expect(await sale.units(option)).toEqual({ free: 10, held: 0, sold: 0 })
    expect((await sale.events()).at(-1)).toMatchObject({ type: 'order_expired' })
    const before = await sale.state()
    expect(codeOf(await sale.pay('ada', order.id))).toBe('order_expired')
    expect(await sale.state()).toEqual(before)
  })

  it('insufficient_balance: keeps the hold, so that a retry can succeed', async () => {
    const order = value(await sale.order('ada', { [option]: 1 }))
    const before = await sale.state()
    expect(codeOf(await sale.pay('ada', order.id))).toBe('insufficient_balance')
    expect(await sale.state()).toEqual(before)
    await sale.charge('ada', 1_000)
    expect(codeOf(await sale.pay('ada', order.id))).toBe('ok')
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    await sale.charge('ada', 5_000)
    const order = value(await sale.order('ada', { [option]: 1 }))
    const before = await sale.state()
    const full = sale.engineWith({ backlogMax: 1 })
    expect(codeOf(await sale.pay('ada', order.id, full))).toBe('backlog_full')
    expect(await sale.state()).toEqual(before)
  })

  it('paid: makes held units sold, the coupon used, and tells the outbox', async () => {
    await sale.charge('ada', 5_000)
    const { userCouponId } = value(await sale.claim(await sale.coupon(), 'ada'))
    const order = value(await sale.order('ada', { [option]: 2 }, { userCouponId }))
    const paid = value(await sale.pay('ada', order.id))
    expect(paid).toMatchObject({
      id: order.id,
      status: 'COMPLETED',
      userCouponStatus: 'USED',
      payment: { amount: 1_900 },
      balanceChange: { amount: 1_900, beforeAmount: 5_000, afterAmount: 3_100 },
    })
    expect(await sale.units(option)).toEqual({ free: 8, held: 0, sold: 2 })
    expect((await sale.events()).at(-1)).toEqual({ type: 'order_paid', data: paid })
  })

  it('paid: exactly one of payment, cancellation and expiry wins, and the others are told which', async () => {
    await sale.charge('ada', 100_000)
    const plenty = await sale.option({ stock: 100 })
    const engines = [sale.engineWith(), sale.engineWith()]
    const orders = await Promise.all(
      Array.from({ length: 30 }, () => sale.order('ada', { [plenty]: 1 }).then(value)),
    )
    for (const order of orders.filter((_, number) => number % 3 === 0)) await sale.lapse(order.id)
    const races = orders.map((order, number) =>
      Promise.all(
        Array.from({ length: 6 }, async (_, turn) => {
          const by = engines[turn % 2]
          if (turn === 4) await reapHolds(sale.engine, { shop: sale.shop })
          return (turn + number) % 2 === 0
            ? { act: 'paid', outcome: await sale.pay('ada', order.id, by) }
            : { act: 'cancelled', outcome: await sale.cancel('ada', order.id, by) }
        }),
      ),
    )
    const told = {
      paid: { paid: 'ok', cancelled: 'order_completed' },
      cancelled: { paid: 'order_cancelled', cancelled: 'ok' },
      expired: { paid: 'order_expired', cancelled: 'order_expired' },
    } as const
    let paid = 0
    for (const [number, race] of (await Promise.all(races)).entries()) {
      const winners = race.filter(({ outcome }) => outcome.ok && !outcome.replayed)
      const winner = number % 3 === 0 ? 'expired' : winners[0]?.act
      expect(winners).toHaveLength(winner === 'expired' ? 0 : 1)
      const answers = told[winner as keyof typeof told]
      for (const { act, outcome } of race) {
        expect(codeOf(outcome)).toBe(answers[act as keyof typeof answers])
      }
      if (winner === 'paid') paid += 1
    }
    expect(await sale.units(plenty)).toEqual({ free: 100 - paid, held: 0, sold: paid })
    expect(await sale.balance('ada')).toBe(100_000 - paid * 1_000)
  })
})
