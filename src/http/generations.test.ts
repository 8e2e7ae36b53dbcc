import { describe, expect, it } from 'vitest'
import { openGenerations } from './generations.ts'

describe('generations', () => {
  const remembered = (sizeMax: number, count: number) => {
    const map = openGenerations<number>(sizeMax)
    for (let key = 0; key < count; key++) map.set(String(key), key)
    return Array.from({ length: count }, (_, key) => map.get(String(key))).filter(
      (value) => value !== undefined,
    )
  }

  it('remembers everything up to its size', () => {
    expect(remembered(8, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('never holds more than its size, and always the newest half', () => {
    for (let count = 9; count < 40; count++) {
      const values = remembered(8, count)
      expect(values.length).toBeLessThanOrEqual(8)
      expect(values.slice(-4)).toEqual([count - 4, count - 3, count - 2, count - 1])
    }
  })

  it('answers the newest value of a key', () => {
    const map = openGenerations<string>(2)
    map.set('key', 'old')
    map.set('key', 'new')
    expect(map.get('key')).toBe('new')
  })

  it('remembers that there is nothing, also where an older value is still held', () => {
    const map = openGenerations<string | null>(4)
    map.set('key', 'old')
    map.set('another', 'fills the newer half')
    map.set('key', null)
    expect(map.get('key')).toBeNull()
  })
})
