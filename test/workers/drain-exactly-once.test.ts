import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { openOrm } from '../../src/db/orm.ts'
import { value } from '../support/sale.ts'
import { openBooks, type Shop } from './books.ts'
import { openGate } from './gate.ts'

const books = await openBooks()
let shop: Shop

beforeEach(async () => {
  shop = await books.openShop()
})

const chargeOnes = (count: number) =>
  Promise.all(Array.from({ length: count }, async () => value(await shop.charge('ann', 1))))
const changes = async () => (await shop.rows('balance_history')).length

describe('the drain, exactly once', () => {
  it('persists nothing twice where it is called again and again', async () => {
    await chargeOnes(3)
    await shop.drain()
    expect(await shop.drain()).toEqual({ events: 0, deadLetters: 0, more: false })
    await Promise.all([shop.drain(), shop.drain()])
    expect(await changes()).toBe(3)
  })

  it('trims, and persists nothing again, after a crash between commit and trim', async () => {
    await chargeOnes(2)
    const order = value(await shop.order('ann', { [await shop.option()]: 1 }))
    const crash = async () => {
      throw new Error('killed')
    }
    await expect(shop.drain({ failpoints: { afterCommit: crash } })).rejects.toThrow('killed')
    expect(await shop.backlog()).toBe(4)
    expect(await shop.rows('orders', 'id')).toEqual([{ id: order.id }])

    expect(await shop.drain()).toEqual({ events: 0, deadLetters: 0, more: false })
    expect(await shop.backlog()).toBe(0)
    expect(await books.redis.hget(`{${shop.shop}}:recents`, 'ann')).toBeNull()
    expect(await shop.rows('orders', 'id')).toHaveLength(1)
    expect(await changes()).toBe(2)
  })

  it('persists every kind of event once, though it dies after each commit', async () => {
    const die = async () => {
      throw new Error('killed')
    }
    const dieWhileDraining = async () => {
      await expect(shop.drain({ failpoints: { afterCommit: die } })).rejects.toThrow('killed')
    }
    const { id, options } = await shop.product([{ price: 1_000 }])
    const optionId = options[0]?.id as string
    const couponId = await shop.coupon({ totalQuantity: 3, perUserLimit: 2 })
    const [code] = value(await shop.addCodes(couponId, 1)) as [string]
    await dieWhileDraining()
    value(await shop.updateProduct(id, { name: 'Boots' }))
    value(await shop.updateOption(optionId, { price: 900 }))
    value(await shop.updateCoupon(couponId, { totalQuantity: 4 }))
    const { userCouponId } = value(await shop.claimByCode(code, 'ann'))
    const lapsing = value(await shop.claim(couponId, 'ann'))
    value(await shop.setCart('ann', optionId, 2))
    await chargeOnes(1)
    value(await shop.charge('ann', 10_000))
    await dieWhileDraining()
    await shop.lapseCoupon(lapsing.userCouponId, 'ann')
    await shop.expireCoupons([{ id: lapsing.userCouponId, userId: 'ann' }])
    const order = value(await shop.order('ann', 'cart', { userCouponId, pay: true }))
    await dieWhileDraining()
    value(await shop.refund(order.id))
    await dieWhileDraining()

    expect(await shop.drain()).toEqual({ events: 0, deadLetters: 0, more: false })
    expect(await shop.backlog()).toBe(0)
    const expected: [table: string, rows: number][] = [
      ['product_revisions', 2],
      ['product_price_history', 1],
      ['product_stock_history', 3],
      ['coupon_codes', 1],
      ['user_coupons', 2],
      ['coupon_history', 5],
      ['cart_items', 0],
      ['orders', 1],
      ['refunds', 1],
      ['refund_items', 1],
      ['balance_history', 4],
      ['dead_letters', 0],
    ]
    for (const [table, count] of expected) {
      expect([table, (await shop.rows(table)).length]).toEqual([table, count])
    }
    expect(await shop.rows('product_options', 'stock, held, sold')).toEqual([
      { stock: '10', held: '0', sold: '0' },
    ])
    expect(await shop.rows('coupons', 'issued_quantity, used_quantity')).toEqual([
      { issued_quantity: 2, used_quantity: 0 },
    ])
  })

  it('persists every event once under several drains while events arrive', async () => {
    let isSelling = true
    const drainWhileSelling = async () => {
      let events = 0
      let isLast = false
      while (!isLast) {
        isLast = !isSelling
        events += (await shop.drain()).events
      }
      return events
    }
    const drains = [drainWhileSelling(), drainWhileSelling(), drainWhileSelling()]
    for (let round = 0; round < 20; round++) await chargeOnes(50)
    isSelling = false
    const drained = await Promise.all(drains)
    expect(drained.reduce((sum, events) => sum + events)).toBe(1_000)
    expect(await changes()).toBe(1_000)
    expect(await shop.backlog()).toBe(0)
  })

  it('is fenced where it was paused and another drain went on', async () => {
    await chargeOnes(3)
    const paused = Promise.withResolvers<void>()
    const isPaused = Promise.withResolvers<void>()
    let pauses = 0
    const sleeper = shop.drain({
      failpoints: {
        beforeCommit: () => {
          if (++pauses > 1) return Promise.resolve()
          isPaused.resolve()
          return paused.promise
        },
      },
    })
    await isPaused.promise
    expect(await shop.drain()).toMatchObject({ events: 3 })
    await chargeOnes(2)
    paused.resolve()
    // What it held was refused; it started over and brought what came since.
    expect(await sleeper).toEqual({ events: 2, deadLetters: 0, more: false })
    expect(await changes()).toBe(5)
    expect(await shop.rows('balances', 'amount')).toEqual([{ amount: '5' }])
  })

  it('is fenced with what it read ahead where another drain wrote that', async () => {
    for (let round = 0; round < 22; round++) await chargeOnes(100)
    const others: unknown[] = []
    const afterCommit = async () => {
      if (others.length === 0) others.push(await shop.drain())
    }
    expect(await shop.drain({ failpoints: { afterCommit } })).toEqual({
      events: 1_000,
      deadLetters: 0,
      more: false,
    })
    expect(others).toEqual([{ events: 1_200, deadLetters: 0, more: false }])
    expect(await changes()).toBe(2_200)
    expect(await shop.backlog()).toBe(0)
  })

  it('learns from the watermark that a commit worked whose answer was lost', async () => {
    await chargeOnes(3)
    const gate = await openGate(books.databaseUrl)
    const orm = openOrm(gate.address, { poolMax: 1 })
    gate.loseAnswerTo((data) => data.includes('commit'))
    await expect(shop.drain({ orm })).rejects.toThrow()
    expect(await changes()).toBe(3)
    expect(await shop.backlog()).toBe(3)

    expect(await shop.drain({ orm })).toEqual({ events: 0, deadLetters: 0, more: false })
    expect(await changes()).toBe(3)
    expect(await shop.backlog()).toBe(0)
    await orm.close()
  })

  it('keeps every event in the outbox while Postgres is away', async () => {
    const gate = await openGate(books.databaseUrl)
    const orm = openOrm(gate.address, { poolMax: 1 })
    await chargeOnes(3)
    gate.shut()
    await expect(shop.drain({ orm })).rejects.toThrow()
    expect(await shop.backlog()).toBe(3)
    gate.open()
    expect(await shop.drain({ orm })).toMatchObject({ events: 3 })
    expect(await changes()).toBe(3)
    await orm.close()
  })

  it('finishes the batch under way and leaves the rest where it is told to stop', async () => {
    for (let round = 0; round < 11; round++) await chargeOnes(100)
    const stop = new AbortController()
    const afterCommit = async () => stop.abort()
    expect(await shop.drain({ signal: stop.signal, failpoints: { afterCommit } })).toEqual({
      events: 1_000,
      deadLetters: 0,
      more: true,
    })
    expect(await changes()).toBe(1_000)
    expect(await shop.backlog()).toBe(100)
  })

  it('writes and trims the events of a closed shop', async () => {
    await chargeOnes(3)
    await books.redis.hset(`{${shop.shop}}:meta`, 'state', 'closed')
    expect(await shop.drain()).toMatchObject({ events: 3, more: false })
    expect(await shop.backlog()).toBe(0)
    expect(await changes()).toBe(3)
  })

  it('drains a shop that Postgres does not know yet', async () => {
    await sql`delete from outbox_watermarks where shop = ${shop.shop}`.execute(
      books.orm.em.fork().getKysely(),
    )
    await chargeOnes(1)
    expect(await shop.drain()).toMatchObject({ events: 1 })
    expect(await changes()).toBe(1)
  })
})
