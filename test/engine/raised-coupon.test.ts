import { expect, it, vi } from 'vitest'
import { openEngine } from '../../src/engine/engine.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, value } from '../support/sale.ts'

const redis = await connect()

it('a sold-out coupon that is raised gives no unit to a user whom another process refuses', async () => {
  const sale = await openSale(redis, uniqueShop())
  const other = openEngine({ redis, holdMs: 600_000 })
  const coupon = await sale.coupon({ totalQuantity: 1 })
  value(await sale.claim(coupon, 'ada'))
  const knows = () => other.soldOut.refuses(sale.shop, coupon, 'nobody')
  await vi.waitFor(async () => {
    expect(codeOf(await sale.claim(coupon, 'late', other))).toBe('sold_out')
    expect(knows()).toBe(true)
  })

  const raise = sale.updateCoupon(coupon, { totalQuantity: 2 })
  let claim = await sale.claim(coupon, 'bob')
  while (!claim.ok) {
    // The other process asks again and again, and is told each time that the coupon is sold out.
    expect(await sale.claim(coupon, 'ada', other)).toMatchObject({ ok: true })
    expect(['sold_out', 'ok']).toContain(codeOf(await sale.claim(coupon, 'bob', other)))
    claim = await sale.claim(coupon, 'bob')
  }
  expect(await sale.claim(coupon, 'bob', other)).toMatchObject({ ok: true, replayed: true })
  value(await raise)
}, 20_000)
