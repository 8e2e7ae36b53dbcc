/** Times are in milliseconds since 1970 and become timestamptz. */
export type ColumnKind = 'text' | 'bigint' | 'integer' | 'smallint' | 'boolean' | 'time'

export type Columns = Record<string, ColumnKind>

type ValueOf<Kind extends ColumnKind> = Kind extends 'text'
  ? string
  : Kind extends 'boolean'
    ? boolean
    : Kind extends 'bigint'
      ? number | string
      : number

/** One row of such columns, without the shop, which is the same for a whole batch. Absent means null. */
export type RowOf<Definition> = {
  [Name in keyof Definition]?: Definition[Name] extends ColumnKind
    ? ValueOf<Definition[Name]> | null | undefined
    : never
}

type Value = string | number | boolean | null | undefined

/** `unnest($2::text[], …) as given (name, …)`, with the first array at the given parameter. */
export function unnest(columns: Columns, firstParameter: number): string {
  const arrays = Object.values(columns).map(
    (kind, index) => `$${firstParameter + index}::${kind === 'time' ? 'float8' : kind}[]`,
  )
  return `unnest(${arrays.join(', ')}) as given (${Object.keys(columns).join(', ')})`
}

/** One column of rows as the text of an array. The driver's own way there takes several times as long. */
export function arrayOf(rows: readonly object[], name: string): string {
  let text = ''
  for (const row of rows) text += `${elementOf(row[name as keyof typeof row] as Value)},`
  return `{${text.slice(0, -1)}}`
}

function elementOf(value: Value): Value {
  if (value === null || value === undefined) return 'NULL'
  return typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
}

/** Makes rows to lines of COPY's text format, the shop first. */
export function copyEncoder<const Definition extends Columns>(columns: Definition) {
  const names = Object.keys(columns)
  const fieldsOf = names.map((name) => (columns[name] === 'time' ? timestampFormat() : fieldOf))
  return (shop: string, rows: readonly RowOf<Definition>[]): string => {
    let lines = ''
    for (const row of rows) {
      lines += fieldOf(shop)
      for (let place = 0; place < names.length; place++) {
        const value = row[names[place] as string] as Value
        lines += '\t'
        lines += value === null || value === undefined ? '\\N' : fieldsOf[place]?.(value)
      }
      lines += '\n'
    }
    return lines
  }
}

const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function fieldOf(value: NonNullable<Value>): string | number | boolean {
  if (typeof value !== 'string' || !/[\\\t\n\r]/.test(value)) return value
  return value.replace(/[\\\t\n\r]/g, (found) => escapes[found] as string)
}

/** Writes times of one column. Those of a batch are of few seconds, and the second is the dear part of a text. */
function timestampFormat(): (ms: NonNullable<Value>) => string {
  let second = Number.NaN
  let text = ''
  return (value) => {
    const ms = value as number
    const fraction = ms % 1_000
    if (ms - fraction !== second) {
      second = ms - fraction
      text = new Date(second).toISOString().slice(0, -4)
    }
    return `${text}${String(1_000 + fraction).slice(1)}Z`
  }
}
