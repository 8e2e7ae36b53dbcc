import { beforeEach, describe, expect, it } from 'vitest'
import { createCoupon } from '../../src/engine/create-coupon.ts'
import { readCoupon } from '../../src/engine/reads.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

const coupon = {
  name: 'A tenth off',
  code: 'Gallop-10',
  discountType: 'PERCENTAGE',
  discountValue: 1_000,
  maxDiscountAmount: 5_000,
  minOrderAmount: 0,
  totalQuantity: 100,
  perUserLimit: 1,
  restoreOnCancel: true,
  codeRequired: false,
  status: 'ACTIVE',
} as const

describe('create-coupon', () => {
  let sale: Sale
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
  })

  const create = (changes: object = {}, engine = sale.engine) =>
    createCoupon(engine, { shop: sale.shop, coupon: { ...coupon, ...changes } })

  it('code_taken: knows a code in any case', async () => {
    await create()
    expect(codeOf(await create({ code: 'gALLOP-10' }))).toBe('code_taken')
  })

  it('backlog_full: refuses what Postgres could not remember', async () => {
    expect(codeOf(await create({}, sale.engineWith({ backlogMax: 0 })))).toBe('backlog_full')
  })

  it('created: can be read and found by its code at once', async () => {
    const created = value(await create())
    expect(created).toMatchObject(coupon)
    expect((await sale.events()).at(-1)).toEqual({ type: 'coupon_created', data: created })
    expect(await readCoupon(redis, sale.shop, created.id)).toEqual({
      ...created,
      issuedQuantity: 0,
      usedQuantity: 0,
    })
    expect(value(await sale.claimByCode('gallop-10', 'ada')).couponId).toBe(created.id)
  })
})
