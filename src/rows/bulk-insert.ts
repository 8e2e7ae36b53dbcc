import type { BulkTransaction } from '../db/bulk-transaction.ts'
import {
  arrayOf,
  type ColumnKind,
  type Columns,
  copyEncoder,
  type RowOf,
  unnest,
} from './columns.ts'

/** Writes rows of one table in the transaction of a batch. */
export type BulkWrite<Definition> = (
  transaction: BulkTransaction,
  shop: string,
  rows: readonly RowOf<Definition>[],
) => Promise<void>

/** Appends new rows; one that is there already is refused. */
export function bulkAppend<const Definition extends Columns>(
  table: string,
  columns: Definition,
): BulkWrite<Definition> {
  const target = `${table} (shop, ${Object.keys(columns).join(', ')})`
  const encode = copyEncoder(columns)
  return async (transaction, shop, rows) => {
    if (rows.length === 0) return
    await transaction.append(target, encode(shop, rows))
  }
}

/**
 * Inserts rows of which some may be there: `insert … select … from unnest(arrays)`. One statement with one array per
 * column costs Postgres a fraction of an insert per row, and its text does not depend on the number of rows.
 *
 * @param onConflict the conflict clause.
 */
export function bulkUpsert<const Definition extends Columns>(
  table: string,
  columns: Definition,
  onConflict: string,
): BulkWrite<Definition> {
  const names = Object.keys(columns)
  const text = `insert into ${table} (shop, ${names.join(', ')})
    select $1, ${names.map((name) => selectExpression(name, columns[name])).join(', ')}
    from ${unnest(columns, 2)} ${onConflict}`
  return async (transaction, shop, rows) => {
    if (rows.length === 0) return
    await transaction.run(text, [shop, ...names.map((name) => arrayOf(rows, name))])
  }
}

function selectExpression(name: string, kind: ColumnKind | undefined): string {
  return kind === 'time' ? `to_timestamp(given.${name} / 1000)` : `given.${name}`
}
