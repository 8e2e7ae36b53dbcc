import { expect, it } from 'vitest'
import { seededRandom } from '../../src/demo/random.ts'

it('draws every number of a range, both ends included, about equally often', () => {
  const random = seededRandom(7)
  const counts = new Map<number, number>()
  for (let draw = 0; draw < 6_000; draw += 1) {
    const number = random.between(1, 6)
    counts.set(number, (counts.get(number) ?? 0) + 1)
  }
  expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6])
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150)
})

it('never draws what has no chance, and always what is certain', () => {
  const random = seededRandom(7)
  expect(Array.from({ length: 100 }, () => random.chance(0)).some(Boolean)).toBe(false)
  expect(Array.from({ length: 100 }, () => random.chance(1)).every(Boolean)).toBe(true)
})
