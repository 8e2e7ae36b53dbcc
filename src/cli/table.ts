type Cell = string | number | boolean | null | undefined

/** Rows with the same fields, in columns under the names of the fields. Numbers stand to the right. */
export function formatTable(rows: Record<string, Cell>[]): string {
  if (!rows[0]) return 'There are none.'
  const names = Object.keys(rows[0])
  const columns = names.map((name) => {
    const cells = rows.map((row) => text(row[name]))
    const width = Math.max(name.length, ...cells.map((cell) => cell.length))
    const isNumber = rows.every((row) => typeof (row[name] ?? 0) === 'number')
    const pad = (cell: string) => (isNumber ? cell.padStart(width) : cell.padEnd(width))
    return [name, ...cells].map(pad)
  })
  return [-1, ...rows.keys()]
    .map((row) => columns.map((column) => column[row + 1]).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}

/** The plain fields of an object, one a line; what is itself made of fields is left out, and so is what is null. */
export function formatFields(object: Record<string, unknown>): string {
  const fields = Object.entries(object).filter(([, value]) => value !== null && !isNested(value))
  const width = Math.max(...fields.map(([name]) => name.length))
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${text(value as Cell)}`).join('\n')
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' || value === undefined
}

function text(cell: Cell): string {
  return cell == null ? '-' : String(cell)
}

/** A page of a list: the rows of all its items, and how to get those that follow. */
export function describePage<Item>(
  { items, nextCursor }: { items: Item[]; nextCursor: string | null },
  rowsOf: (item: Item) => Record<string, Cell>[],
): string {
  const table = formatTable(items.flatMap(rowsOf))
  return nextCursor === null ? table : `${table}\n\nMore: --cursor ${nextCursor}`
}
