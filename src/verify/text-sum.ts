import { hash } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../db/database.ts'

export type TextSum = {
  count(): number
  sum(): bigint
  add(text: string): void
  /**
   * Lets Postgres add the texts of some rows.
   *
   * @param rows have a `text` and a `key` that is an integer.
   * @returns the highest key, or null where there are no rows.
   */
  addRows(db: Database, rows: RawBuilder<unknown>): Promise<number | null>
  isThatOf(other: TextSum): boolean
}

/**
 * A sum over texts that tells whether two heaps of them are the same, whatever their order: how many they are, and the
 * first 64 bits of their MD5, which Postgres has too, added up modulo 2^64. Two heaps that differ by accident have the
 * same sum once in 2^64 times; nobody gains by making that happen on purpose.
 */
export function openTextSum(): TextSum {
  let count = 0
  let sum = 0n
  const add = (more: bigint) => {
    sum = BigInt.asUintN(64, sum + more)
  }

  return {
    count: () => count,
    sum: () => sum,
    add(text) {
      count += 1
      add(hash('md5', text, 'buffer').readBigUInt64BE())
    },
    async addRows(db, rows) {
      const { rows: sums } = await sql<{ last: number | null; count: number; sum: string | null }>`
        select max(key) as last, count(*)::integer as count,
          sum(('x' || left(md5(text), 16))::bit(64)::bigint)::text as sum
        from (${rows}) page`.execute(db)
      const { last, count: more, sum: text } = sums[0] ?? { last: null, count: 0, sum: null }
      count += more
      add(BigInt(text ?? 0))
      return last
    },
    isThatOf: (other) => count === other.count() && sum === other.sum(),
  }
}
