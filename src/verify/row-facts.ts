import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { limits } from '../limits.ts'
import type { CheckRecord, Discrepancy } from './check.ts'

/** A query of `row`, `fact`, `actual` and `expected`: one fact of one row per record, the values as text. */
export type RowFacts = RawBuilder<Discrepancy>

/**
 * Lets Postgres compare the facts of its own rows and brings home only what is off. A bound is a fact too: its
 * expected value is the actual one, cut at the bound.
 *
 * The first pass only counts: to keep every fact with its names, so as to list some of them, would take most of the
 * time.
 */
export async function compareRowFacts(
  db: Database,
  facts: RowFacts,
  check: CheckRecord,
): Promise<void> {
  const isOff = sql`actual is distinct from expected`
  const { rows: counts } = await sql<{ checked: string; total: string }>`
    select count(*) as checked, count(*) filter (where ${isOff}) as total from (${facts}) facts
  `.execute(db)
  const { checked, total } = counts[0] as { checked: string; total: string }
  check.count(Number(checked))
  if (total === '0') return
  const { rows: off } = await sql<Discrepancy>`
    select * from (${facts}) facts where ${isOff}
    order by "row", fact limit ${limits.verifyOffMax}`.execute(db)
  check.report(off, Number(total))
}
