import { CompiledQuery } from 'kysely'
import type { Database } from '../src/db/database.ts'

/** Times are in milliseconds since 1970 and become timestamptz. */
export type ColumnKind = 'text' | 'bigint' | 'integer' | 'smallint' | 'boolean' | 'time'

type ValueOf<Kind extends ColumnKind> = Kind extends 'text'
  ? string
  : Kind extends 'boolean'
    ? boolean
    : Kind extends 'bigint'
      ? number | string
      : number

/** One row of such columns, without the shop, which is the same for a whole batch. Absent means null. */
export type RowOf<Columns> = {
  [Name in keyof Columns]?: Columns[Name] extends ColumnKind
    ? ValueOf<Columns[Name]> | null | undefined
    : never
}

/**
 * A prepared bulk insert: `insert … select … from unnest(arrays)`. One statement with one array per column costs
 * Postgres a fraction of an insert per row, and its text does not depend on the number of rows.
 *
 * @param onConflict the conflict clause, if there is one.
 */
export function bulkInsert<const Columns extends Record<string, ColumnKind>>(
  table: string,
  columns: Columns,
  onConflict = '',
): (db: Database, shop: string, rows: readonly RowOf<Columns>[]) => Promise<void> {
  const names = Object.keys(columns)
  const text = `insert into ${table} (shop, ${names.join(', ')})
    select $1, ${names.map((name) => selectExpression(name, columns[name])).join(', ')}
    from ${unnest(columns, 2)} ${onConflict}`
  return async (db, shop, rows) => {
    if (rows.length === 0) return
    await db.executeQuery(CompiledQuery.raw(text, [shop, ...toArrays(names, rows)]))
  }
}

/** `unnest($2::text[], …) as given (name, …)`, with the first array at the given parameter. */
export function unnest(columns: Record<string, ColumnKind>, firstParameter: number): string {
  const arrays = Object.values(columns).map(
    (kind, index) => `$${firstParameter + index}::${kind === 'time' ? 'float8' : kind}[]`,
  )
  return `unnest(${arrays.join(', ')}) as given (${Object.keys(columns).join(', ')})`
}

/** Rows as one array per column: what `unnest` takes. */
export function toArrays<Row extends object>(names: readonly string[], rows: readonly Row[]) {
  return names.map((name) => rows.map((row) => row[name as keyof Row] ?? null))
}

function selectExpression(name: string, kind: ColumnKind | undefined): string {
  return kind === 'time' ? `to_timestamp(given.${name} / 1000)` : `given.${name}`
}
