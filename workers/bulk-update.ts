import { CompiledQuery } from 'kysely'
import type { Database } from '../src/db/database.ts'
import { type ColumnKind, type RowOf, toArrays, unnest } from './bulk-insert.ts'

/** Fewer rows were there than the events change: their beginning is not in Postgres. */
export class MissingRows extends Error {
  override name = 'MissingRows'
}

type BulkUpdate<Columns> = (
  db: Database,
  shop: string,
  rows: readonly RowOf<Columns>[],
) => Promise<void>

/**
 * A prepared bulk update: `update … from unnest(arrays)`. Every row must be there, or it throws MissingRows.
 *
 * @param columns what the arrays hold; those in `keys` find the row.
 * @param assignments of the row, which is called `known`, from the array elements, which are called `given`.
 */
export function bulkUpdate<const Columns extends Record<string, ColumnKind>>(
  table: string,
  columns: Columns,
  assignments: string,
  keys: readonly (keyof Columns & string)[] = ['id'],
): BulkUpdate<Columns> {
  const names = Object.keys(columns)
  const text = `update ${table} as known set ${assignments} from ${unnest(columns, 2)}
    where known.shop = $1 and ${sameKeys(keys)}`
  return async (db, shop, rows) => {
    if (rows.length === 0) return
    const result = await db.executeQuery(CompiledQuery.raw(text, [shop, ...toArrays(names, rows)]))
    const missing = rows.length - Number(result.numAffectedRows)
    if (missing > 0) throw new MissingRows(`${table}: ${missing} of ${rows.length} are missing`)
  }
}

/** A prepared bulk deletion by keys: `delete … using unnest(arrays)`. Rows that are not there are gone already. */
export function bulkDelete<const Columns extends Record<string, ColumnKind>>(
  table: string,
  keys: Columns,
): BulkUpdate<Columns> {
  const names = Object.keys(keys)
  const text = `delete from ${table} as known using ${unnest(keys, 2)}
    where known.shop = $1 and ${sameKeys(names)}`
  return async (db, shop, rows) => {
    if (rows.length === 0) return
    await db.executeQuery(CompiledQuery.raw(text, [shop, ...toArrays(names, rows)]))
  }
}

function sameKeys(names: readonly string[]): string {
  return names.map((name) => `known.${name} = given.${name}`).join(' and ')
}
