import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('charge-balance', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  it('idempotency_key_reused: refuses a key that came with another body', async () => {
    await sale.charge('ada', 100, { key: 'k', body: 100 })
    expect(codeOf(await sale.charge('ada', 200, { key: 'k', body: 200 }))).toBe(
      'idempotency_key_reused',
    )
    expect(await sale.balance('ada')).toBe(100)
  })

  it('replayed: charges once for 50 requests at once with one key', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => sale.charge('ada', 100, { key: 'k' })),
    )
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.replayed)).toHaveLength(1)
    expect(new Set(outcomes.map((outcome) => JSON.stringify(value(outcome)))).size).toBe(1)
    expect(await sale.balance('ada')).toBe(100)
  })

  it('balance_limit: refuses what would leave the exact range, to the last unit', async () => {
    for (let left = limits.balanceMax; left > 0; left -= limits.chargeMax) {
      await sale.charge('ada', Math.min(left, limits.chargeMax))
    }
    const before = await sale.state()
    expect(codeOf(await sale.charge('ada', 1))).toBe('balance_limit')
    expect(await sale.state()).toEqual(before)
    expect(await sale.balance('ada')).toBe(limits.balanceMax)
    expect((await sale.events()).at(-1)?.data.afterAmount).toBe(limits.balanceMax)
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    const full = sale.engineWith({ backlogMax: 0 })
    expect(codeOf(await sale.charge('ada', 1, {}, full))).toBe('backlog_full')
  })

  it('charged: tells the balance before and after', async () => {
    await sale.charge('ada', 100)
    const charge = value(await sale.charge('ada', 250))
    expect(charge).toMatchObject({ amount: 250, beforeAmount: 100, afterAmount: 350 })
    expect((await sale.events()).at(-1)).toEqual({ type: 'balance_charged', data: charge })
  })

  it('charged: makes another charge of a key that came again after its record was dropped', async () => {
    const first = value(await sale.charge('ada', 100, { key: 'k' }))
    await redis.hdel(shopKey(sale.shop, 'operations'), first.id.slice(11))
    const second = value(await sale.charge('ada', 100, { key: 'k' }))
    expect(second.id.slice(11)).toBe(first.id.slice(11))
    expect(parseInt(second.id.slice(0, 11), 16)).toBe(second.at)
    expect(await sale.balance('ada')).toBe(200)
  })
})
