import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OrderRecord } from '../../src/domain/events.ts'
import { readOrder } from '../../src/engine/read-orders.ts'
import { limits } from '../../src/limits.ts'
import { shopKey } from '../../src/redis/keys.ts'
import { connect, uniqueShop } from '../support/redis.ts'
import { codeOf, openSale, value } from '../support/sale.ts'

const redis = await connect()
const sale = await openSale(redis, uniqueShop())

type Line = { price: number; quantity: number }
type CouponFacts = NonNullable<Parameters<typeof sale.coupon>[0]>
type Taken = { item: OrderRecord['items'][number]; refunded: number; restocked: number }

const line: fc.Arbitrary<Line> = fc.record({
  price: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: limits.priceMax })),
  quantity: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.constant(limits.quantityMax)),
})
const positive = (max: number) => fc.integer({ min: 1, max })
const coupon: fc.Arbitrary<CouponFacts | null> = fc.oneof(
  fc.constant(null),
  fc.record({
    discountType: fc.constant('FIXED' as const),
    discountValue: fc.oneof(positive(50), positive(limits.priceMax)),
  }),
  fc.record({
    discountType: fc.constant('PERCENTAGE' as const),
    discountValue: positive(limits.basisPoints),
    maxDiscountAmount: fc.option(positive(1_000_000), { nil: undefined }),
  }),
)
/** A try to pay back a part of every line, as a share of its quantity: some ask for more than is left. */
const attempt = fc.record({
  shares: fc.array(fc.double({ min: 0, max: 0.4, noNaN: true }), { minLength: 4, maxLength: 4 }),
  restock: fc.boolean(),
})

let users = 0

/** A paid order of a new user, who has spent all he had. */
async function buy(lines: Line[], facts: CouponFacts | null) {
  const userId = `user-${++users}`
  const { options } = await sale.product(
    lines.map(({ price }) => ({ price, stock: limits.quantityMax })),
  )
  const couponId = facts && (await sale.coupon(facts))
  const claim = couponId ? value(await sale.claim(couponId, userId)) : {}
  const wanted = options.map(({ id }, number) => [id, lines[number]?.quantity])
  const order = value(await sale.order(userId, Object.fromEntries(wanted), claim))
  if (order.finalAmount > 0) {
    await sale.charge(userId, order.finalAmount)
    await sale.pay(userId, order.id)
  }
  expect(await sale.balance(userId)).toBe(0)
  return { order, userId, couponId }
}

/** What of a line is paid back in all once so many of its units are. */
function dueOf({ item, refunded }: Taken): number {
  const paid = BigInt(item.subtotal - item.discountAmount)
  return Number((paid * BigInt(refunded)) / BigInt(item.quantity))
}

/** Asserts balance, units and the user's allowance after the refunds so far. */
async function expectBooks(userId: string, lines: readonly Taken[], paid: number) {
  const balance = await sale.balance(userId)
  expect(balance).toBe(lines.map(dueOf).reduce((sum, amount) => sum + amount, 0))
  expect(balance).toBeLessThanOrEqual(paid)
  for (const { item, refunded, restocked } of lines) {
    expect(await sale.units(item.optionId)).toEqual({
      free: limits.quantityMax - item.quantity + restocked,
      held: 0,
      sold: item.quantity - restocked,
    })
    expect(await sale.bought(item.optionId, userId)).toBe(item.quantity - refunded)
  }
}

describe('the refunds of an order', () => {
  it('sum to what was paid, to the last unit, in whatever parts and order they come', async () => {
    const lines = fc.array(line, { minLength: 1, maxLength: 4 })
    const attempts = fc.array(attempt, { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(lines, coupon, attempts, async (bought, facts, tries) => {
        const { order, userId, couponId } = await buy(bought, facts)
        const taken: Taken[] = order.items.map((item) => ({ item, refunded: 0, restocked: 0 }))
        const expectNow = () => expectBooks(userId, taken, order.finalAmount)

        for (const { shares, restock } of tries) {
          const parts = taken
            .map((one, index) => ({
              one,
              quantity: Math.ceil((shares[index] as number) * one.item.quantity),
            }))
            .filter(({ quantity }) => quantity > 0)
          // No parts at all would stand for the whole rest.
          if (parts.length === 0) continue
          const fits = parts.every(
            ({ one, quantity }) => one.refunded + quantity <= one.item.quantity,
          )
          const wanted = parts.map(({ one, quantity }) => [one.item.id, quantity])
          const outcome = await sale.refund(order.id, Object.fromEntries(wanted), { restock })
          expect(codeOf(outcome)).toBe(fits ? 'ok' : 'nothing_to_refund')
          for (const { one, quantity } of fits ? parts : []) {
            one.refunded += quantity
            one.restocked += restock ? quantity : 0
          }
          await expectNow()
        }

        const isLeft = taken.some(({ item, refunded }) => refunded < item.quantity)
        expect(codeOf(await sale.refund(order.id))).toBe(isLeft ? 'ok' : 'nothing_to_refund')
        for (const one of taken) {
          one.restocked += one.item.quantity - one.refunded
          one.refunded = one.item.quantity
        }
        await expectNow()
        expect(await sale.balance(userId)).toBe(order.finalAmount)
        const refunded = (await readOrder(redis, sale.shop, order.id)) as OrderRecord
        expect(refunded).toMatchObject({ status: 'REFUNDED', refundedAmount: order.finalAmount })
        for (const item of refunded.items) {
          expect(item.refundedAmount).toBe(item.subtotal - item.discountAmount)
          const paidAt = refunded.payment?.paidAt as number
          expect(await sale.ranked(item.productId, paidAt)).toBeNull()
          const purchase = `${item.optionId}:${userId}`
          expect(await redis.hexists(shopKey(sale.shop, 'purchases'), purchase)).toBe(0)
        }
        if (couponId) expect(await sale.issued(couponId)).toEqual({ issued: 1, used: 0 })
      }),
      { numRuns: 150 },
    )
  })
})
