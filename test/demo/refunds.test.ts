import { expect, it } from 'vitest'
import { refundDue } from '../../src/demo/refunds.ts'

it('pays back shares that sum to what was paid', () => {
  const item = { subtotal: 3_000, discountAmount: 1_000, quantity: 3 }
  const shares = [1, 2, 3].map((units) => refundDue(item, units) - refundDue(item, units - 1))
  expect(shares).toEqual([666, 667, 667])
})
