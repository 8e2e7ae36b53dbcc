import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { openClient } from './client.ts'

const client = await openClient()
const option = await client.option()
const product = await client.productOf(option)
const coupon = await client.coupon()
const before = await client.state()

const products = `PATCH products/${product}`
const options = `PATCH options/${option}`
const coupons = `PATCH coupons/${coupon}`
const cart = `PUT me/cart/items/${option}`
const codes = `POST coupons/${coupon}/codes`

/** Route, bad body, and the field that must be named. A body that is text is sent as it is. */
const badBodies: [route: string, body: unknown, path: string][] = [
  [products, {}, ''],
  [products, [], ''],
  [products, '{', ''],
  [products, { name: null }, 'name'],
  [products, { name: ' ' }, 'name'],
  [products, { name: 'a'.repeat(limits.nameLengthMax + 1) }, 'name'],
  [products, { brand: '' }, 'brand'],
  [products, { description: 'a\u0000' }, 'description'],
  [products, { description: 'a'.repeat(limits.descriptionLengthMax + 1) }, 'description'],
  [products, { status: null }, 'status'],
  [products, { status: 'GONE' }, 'status'],
  [products, { name: 'A', revision: 7 }, 'revision'],
  [products, { name: 'A', options: [] }, 'options'],

  [options, {}, ''],
  [options, { reason: 'sale' }, 'reason'],
  [options, { perUserLimit: 1, reason: 'sale' }, 'reason'],
  [options, { price: 1, reason: '' }, 'reason'],
  [options, { price: 1, reason: 'a'.repeat(limits.reasonLengthMax + 1) }, 'reason'],
  [options, { price: null }, 'price'],
  [options, { price: -1 }, 'price'],
  [options, { price: 9.99 }, 'price'],
  [options, { price: '9' }, 'price'],
  [options, '{"price":-0}', 'price'],
  [options, { price: limits.priceMax + 1 }, 'price'],
  [options, { perUserLimit: 0 }, 'perUserLimit'],
  [options, { saleStartsAt: 'now' }, 'saleStartsAt'],
  [options, { saleEndsAt: '9999-01-01T00:00:00Z' }, 'saleEndsAt'],
  [options, { holdMs: limits.optionHoldMsMin - 1 }, 'holdMs'],
  [options, { holdMs: limits.optionHoldMsMax + 1 }, 'holdMs'],
  [options, { stock: 5 }, 'stock'],
  [options, { price: 1, optionValue: 'L' }, 'optionValue'],

  [coupons, {}, ''],
  [coupons, { status: 'SOLD' }, 'status'],
  [coupons, { totalQuantity: 0 }, 'totalQuantity'],
  [coupons, { totalQuantity: null }, 'totalQuantity'],
  [coupons, { totalQuantity: limits.couponQuantityMax + 1 }, 'totalQuantity'],
  [coupons, { validUntil: 0 }, 'validUntil'],
  [coupons, { discountValue: 5 }, 'discountValue'],
  [coupons, { issuedQuantity: 5 }, 'issuedQuantity'],

  [cart, {}, 'quantity'],
  [cart, { quantity: 0 }, 'quantity'],
  [cart, { quantity: limits.quantityMax + 1 }, 'quantity'],
  [cart, { quantity: 1, price: 1 }, 'price'],
  [`DELETE me/cart/items/${option}`, { quantity: 1 }, ''],

  [codes, {}, 'count'],
  [codes, { count: 0 }, 'count'],
  [codes, { count: 1.5 }, 'count'],
  [codes, { count: limits.codesMax + 1 }, 'count'],
  [codes, { count: 1, prefix: 'A' }, 'prefix'],
]

describe('bad changes', () => {
  it.each(badBodies)('refuses for %s the body %j', async (route, body, path) => {
    const [method, address] = route.split(' ') as [string, string]
    const answer = await client.call(method, `/v1/${address}`, { token: client.admin, body })
    expect(answer).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.body.errors).toContainEqual({ path, message: expect.any(String) })
  })

  it('change nothing', async () => {
    expect(await client.state()).toEqual(before)
    expect(client.errors).toEqual([])
  })
})
