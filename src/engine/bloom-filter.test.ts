import { expect, it } from 'vitest'
import { openBloomFilter } from './bloom-filter.ts'

it('has every member, and takes few others for members', () => {
  const members = Array.from({ length: 20_000 }, (_, number) => `user-${number}`)
  const filter = openBloomFilter(members.length)
  for (const member of members) filter.add(member)
  expect(members.every(filter.mayHave)).toBe(true)
  const others = Array.from({ length: 20_000 }, (_, number) => `user-${20_000 + number}`)
  expect(others.filter(filter.mayHave).length).toBeLessThan(200)
})

it('has nobody where nobody was added, whatever its size', () => {
  for (const size of [0, 1, 5]) expect(openBloomFilter(size).mayHave('ada')).toBe(false)
})
