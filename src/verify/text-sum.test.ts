import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openTextSum } from './text-sum.ts'

function sumOf(texts: readonly string[]): string {
  const sum = openTextSum()
  for (const text of texts) sum.add(text)
  return sum.value()
}

it('is the same for the same texts in another order', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (texts) => {
      expect(sumOf(texts.toReversed())).toBe(sumOf(texts))
    }),
  )
})

it('is another where texts have exchanged a part, one is there twice, or one is missing', () => {
  const users = Array.from({ length: 300 }, (_, number) => `user-${number}`)
  const texts = users.map((user, rank) => `${user} ${rank.toString(16)} 19ab12cd34fA`)
  const sums = [sumOf(texts), sumOf(texts.slice(1)), sumOf([...texts, texts[0] as string])]
  for (let rank = 1; rank < texts.length; rank += 1) {
    const [one, other] = [texts[rank - 1] as string, texts[rank] as string]
    const [ofOne, ofOther] = [one, other].map((text) => text.split(' ')[1] as string)
    const exchanged = [
      one.replace(` ${ofOne} `, ` ${ofOther} `),
      other.replace(` ${ofOther} `, ` ${ofOne} `),
    ]
    sums.push(sumOf(texts.toSpliced(rank - 1, 2, ...exchanged)))
    sums.push(sumOf(texts.with(rank, one)))
    sums.push(sumOf(texts.with(rank, other.replace(/A$/, 'U'))))
  }
  expect(new Set(sums).size).toBe(sums.length)
})

it('tells which of many texts has another last character', () => {
  const numbersOf = (text: string) => sumOf([text]).split(' ').map(Number)
  const changes = Array.from({ length: 20_000 }, (_, number) => {
    const [, first, second] = numbersOf(`user-${number} A`) as [number, number, number]
    const [, ofFirst, ofSecond] = numbersOf(`user-${number} U`) as [number, number, number]
    return `${(first - ofFirst) | 0} ${(second - ofSecond) | 0}`
  })
  expect(new Set(changes).size).toBe(changes.length)
  // Each number for itself: of so many with 32 bits two are the same by chance, and not ten.
  for (const part of [0, 1]) {
    const numbers = changes.map((change) => change.split(' ')[part])
    expect(new Set(numbers).size).toBeGreaterThan(changes.length - 10)
  }
})
