import { expect, it } from 'vitest'
import type { Books } from '../workers/books.ts'
import { type CleanSale, runCleanSale } from './clean-sale.ts'

export type Corruption = {
  check: string
  /** What is spoiled, as a clause after "when". */
  when: string
  spoil: (sale: CleanSale) => Promise<unknown>
  /** The row and the fact that the check names. */
  names: (sale: CleanSale) => { row: string; fact: string }
}

/** A test per corruption: of the books of a clean sale, exactly its check is off, and names what was spoiled. */
export function expectEachToBeNamed(books: Books, corruptions: Corruption[]): void {
  it.each(corruptions)('$check: when $when', async ({ check, spoil, names }) => {
    const sale = await runCleanSale(books)
    await spoil(sale)
    const report = await sale.verify()
    expect(off(report)).toEqual([check])
    expect(report.ok).toBe(false)
    const found = report.checks.find(({ name }) => name === check)?.off
    expect(found).toContainEqual(expect.objectContaining(names(sale)))
    for (const { actual, expected } of found ?? []) expect(actual).not.toEqual(expected)
  })
}

/** The names of the checks that do not hold. */
export function off(report: { checks: { name: string; ok: boolean }[] }): string[] {
  return report.checks.filter(({ ok }) => !ok).map(({ name }) => name)
}

export function moveWatermarkBeyondRedis(sale: CleanSale) {
  return sale.spoilRow(`update outbox_watermarks
    set event_id = event_id + (1000::bigint << 20), stream_id =
      (split_part(stream_id, '-', 1)::bigint + 1000) || '-' || split_part(stream_id, '-', 2)
    where shop = $shop`)
}
