import type { BulkWrite } from './bulk-insert.ts'
import { arrayOf, type Columns, unnest } from './columns.ts'

/** Fewer rows were there than the events change: their beginning is not in Postgres. */
export class MissingRows extends Error {
  override name = 'MissingRows'
}

type BulkChange<Definition> = (...of: Parameters<BulkWrite<Definition>>) => Promise<number>

/**
 * A bulk update: `update … from unnest(arrays)`. It gives the number of rows that were not there.
 *
 * @param columns what the arrays hold; those in `keys` find the row.
 * @param assignments of the row, which is called `known`, from the array elements, which are called `given`.
 */
export function bulkChange<const Definition extends Columns>(
  table: string,
  columns: Definition,
  assignments: string,
  keys: readonly (keyof Definition & string)[] = ['id'],
): BulkChange<Definition> {
  const names = Object.keys(columns)
  const text = `update ${table} as known set ${assignments} from ${givenInShop(columns)}
    where ${sameKeys(['shop', ...keys])}`
  return async (transaction, shop, rows) => {
    if (rows.length === 0) return 0
    const changed = await transaction.run(text, [shop, ...names.map((name) => arrayOf(rows, name))])
    return rows.length - changed
  }
}

/** The same where every row must be there: otherwise it throws MissingRows. */
export function bulkUpdate<const Definition extends Columns>(
  table: string,
  columns: Definition,
  assignments: string,
  keys?: readonly (keyof Definition & string)[],
): BulkWrite<Definition> {
  const change = bulkChange(table, columns, assignments, keys)
  return async (transaction, shop, rows) => {
    const missing = await change(transaction, shop, rows)
    if (missing > 0) throw new MissingRows(`${table}: ${missing} of ${rows.length} are missing`)
  }
}

/** A bulk deletion by keys: `delete … using unnest(arrays)`. Rows that are not there are gone already. */
export function bulkDelete<const Definition extends Columns>(
  table: string,
  keys: Definition,
): BulkWrite<Definition> {
  const names = Object.keys(keys)
  const text = `delete from ${table} as known using ${givenInShop(keys)}
    where ${sameKeys(['shop', ...names])}`
  return async (transaction, shop, rows) => {
    if (rows.length === 0) return
    await transaction.run(text, [shop, ...names.map((name) => arrayOf(rows, name))])
  }
}

/**
 * The array elements, each with the shop, as `given`. A shop that stood in the condition as a constant would let the
 * planner walk all rows of the shop and compare each with every element: of a shop that is newer than its statistics
 * it expects one row, and a batch took seconds.
 */
function givenInShop(columns: Columns): string {
  return `(select $1::text as shop, given.* from ${unnest(columns, 2)} offset 0) as given`
}

function sameKeys(names: readonly string[]): string {
  return names.map((name) => `known.${name} = given.${name}`).join(' and ')
}
