import { expect, it } from 'vitest'
import { percentile } from '../../src/demo/percentile.ts'

it('is the smallest sample that the share does not exceed', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(hundred, 0.5)).toBe(50)
  expect(percentile(hundred, 0.99)).toBe(99)
  expect(percentile(hundred, 1)).toBe(100)
  expect(percentile([7], 0.01)).toBe(7)
})

it('orders numbers as numbers, and leaves the samples alone', () => {
  const samples = [10, 9, 100]
  expect(percentile(samples, 0.5)).toBe(10)
  expect(samples).toEqual([10, 9, 100])
})

it('is 0 without samples', () => {
  expect(percentile([], 0.99)).toBe(0)
})
