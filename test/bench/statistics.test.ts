import { expect, it } from 'vitest'
import { rowOf } from '../../bench/row.ts'
import { median, percentile, spread } from '../../bench/statistics.ts'

it('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([5, 1, 3])).toBe(3)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([7])).toBe(7)
  expect(median([])).toBeNaN()
})

it('a percentile is a value that occurs, by number and not by text', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1)
  expect(percentile(values, 0.5)).toBe(50)
  expect(percentile(values, 0.99)).toBe(99)
  expect(percentile(values, 1)).toBe(100)
  expect(percentile([9, 10, 100], 1)).toBe(100)
  expect(percentile([], 0.99)).toBe(0)
})

it('the spread is the smallest and the largest value', () => {
  expect(spread([3, 1, 2])).toEqual([1, 3])
})

it('a row compares the medians, and each round with its own floor', () => {
  const row = rowOf({
    name: 'claim',
    unit: 'µs',
    values: [20, 30, 10],
    floor: { is: 'a floor', values: [10, 20, 20] },
    budget: { bound: 1, what: 'ratio' },
  })
  expect(row).toMatchObject({ value: 20, floor: 20, ratio: 1, met: true })
  expect(row.spread).toEqual({ value: [10, 30], floor: [10, 20], ratio: [0.5, 2] })
})

it('a budget may bound the figure or its ratio, from above or from below, and none is no verdict', () => {
  const facts = { name: 'x', unit: 'y', values: [12], floor: { is: 'z', values: [4] } }
  const met = (budget: NonNullable<Parameters<typeof rowOf>[0]['budget']>) =>
    rowOf({ ...facts, budget }).met
  expect(met({ bound: 11, what: 'value' })).toBe(false)
  expect(met({ bound: 12, what: 'value' })).toBe(true)
  expect(met({ bound: 3, what: 'ratio', side: 'least' })).toBe(true)
  expect(met({ bound: 4, what: 'ratio', side: 'least' })).toBe(false)
  expect(rowOf(facts)).toMatchObject({ met: null, budget: null, bounds: null })
})
