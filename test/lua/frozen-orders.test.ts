import { beforeEach, describe, expect, it } from 'vitest'
import { readOrder } from '../../src/engine/read-orders.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, type Sale, value } from '../support/sale.ts'

const redis = await connect()

describe('an order', () => {
  let sale: Sale
  let product: Awaited<ReturnType<Sale['product']>>
  let option: string
  beforeEach(async () => {
    sale = await openSale(redis, uniqueShop())
    product = await sale.product([{ price: 1_000, holdMs: 60_000 }], { description: 'They run.' })
    option = product.options[0]?.id as string
    await sale.charge('ada', 100_000)
  })

  /** Everything that an operator may change of what was ordered. */
  async function changeAll() {
    await sale.updateProduct(product.id, {
      name: 'Sneakers',
      brand: 'Gallop',
      description: 'They fly.',
      status: 'INACTIVE',
    })
    await sale.updateOption(option, {
      price: 9_000,
      perUserLimit: 1,
      saleEndsAt: Date.now() - 1,
      holdMs: 1_000,
    })
  }

  it('keeps price, name, option and deadline of its hold, and is paid by them', async () => {
    const order = value(await sale.order('ada', { [option]: 2 }))
    await changeAll()
    expect(await readOrder(redis, sale.shop, order.id)).toEqual(order)
    const paid = value(await sale.pay('ada', order.id))
    expect(paid.items).toEqual(order.items)
    expect(paid).toMatchObject({
      finalAmount: 2_000,
      expiresAt: order.expiresAt,
      payment: { amount: 2_000 },
      items: [{ productName: 'Trainers', optionValue: 'M', unitPrice: 1_000, productRevision: 1 }],
    })
    expect(await sale.balance('ada')).toBe(98_000)
    expect(value(await sale.refund(order.id)).amount).toBe(2_000)
  })

  it('is sold as it then is from the change on', async () => {
    await changeAll()
    await sale.updateProduct(product.id, { status: 'ACTIVE' })
    await sale.updateOption(option, { saleEndsAt: null })
    const order = value(await sale.order('ada', { [option]: 1 }))
    expect(order).toMatchObject({
      finalAmount: 9_000,
      expiresAt: order.orderedAt + 1_000,
      items: [{ productName: 'Sneakers', unitPrice: 9_000, productRevision: 2 }],
    })
    expect(codeOf(await sale.order('ada', { [option]: 1 }))).toBe('per_user_limit')
  })

  it('is refused with the amounts that hold now where the price changed under its buyer', async () => {
    await sale.updateOption(option, { price: 1_001 })
    expect(await sale.order('ada', { [option]: 2 }, { expectedAmount: 2_000 })).toMatchObject({
      ok: false,
      code: 'amount_changed',
      details: { originalAmount: 2_002, discountAmount: 0, finalAmount: 2_002 },
    })
  })

  it('keeps its discount, whatever becomes of the coupon', async () => {
    const coupon = await sale.coupon()
    const { userCouponId } = value(await sale.claim(coupon, 'ada'))
    const order = value(await sale.order('ada', { [option]: 1 }, { userCouponId }))
    await sale.updateCoupon(coupon, { status: 'ENDED', validUntil: Date.now() - 1 })
    expect(value(await sale.pay('ada', order.id)).finalAmount).toBe(900)
  })
})
