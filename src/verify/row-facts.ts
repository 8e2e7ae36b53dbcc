import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { limits } from '../limits.ts'
import type { CheckRecord, Discrepancy } from './check.ts'

/** A query of `row`, `fact`, `actual` and `expected`: one fact of one row per record, the values as text. */
export type RowFacts = RawBuilder<Discrepancy>

/**
 * Lets Postgres compare the facts of its own rows and brings home only what is off. A bound is a fact too: its
 * expected value is the actual one, cut at the bound.
 */
export async function compareRowFacts(
  db: Database,
  facts: RowFacts,
  check: CheckRecord,
): Promise<void> {
  const { rows } = await sql<{ checked: string; total: string; off: Discrepancy[] }>`
    with facts as materialized (${facts}),
      off as materialized (select * from facts where actual is distinct from expected)
    select (select count(*) from facts) as checked,
      (select count(*) from off) as total,
      (select coalesce(jsonb_agg(first), '[]')
        from (select * from off order by "row", fact limit ${limits.verifyOffMax}) first) as off
  `.execute(db)
  for (const { checked, total, off } of rows) {
    check.count(Number(checked))
    check.report(off, Number(total))
  }
}
