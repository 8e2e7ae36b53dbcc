import { lastBook } from './books.ts'

/** What k6 hands over at the end of a run, as far as it is used here. Tagged metrics are named `metric{tag:value}`. */
export type RunData = {
  metrics: Record<string, Metric>
  root_group: Group
  state: { testRunDurationMs: number }
}
type Group = { checks: { name: string; fails: number }[]; groups: Group[] }
type Metric = { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }

/** What a scenario adds to the summary, and the thresholds that it was looking for instead of fearing them. */
type Finding = { lines?: string[]; facts?: object; isSought?: (metric: string) => boolean }

/** Makes of a run the text for people, and where SUMMARY_FILE says where, the whole of it for machines. */
export function summarize(data: RunData, finding: Finding = {}) {
  const { lines = [], facts = {}, isSought = () => false } = finding
  const { metrics, state } = data
  const checks = checksIn(data.root_group)
  const crossed = crossedThresholds(data)
  const isProven = checks.some(({ name }) => name === lastBook)
  const problems = [
    ...(isProven ? [] : ['the books: they could not be proven']),
    ...crossed.filter(({ metric }) => !isSought(metric)).map(({ text }) => text),
  ]
  const passed = problems.length === 0
  const outcome = `${passed ? 'passed' : 'FAILED'} in ${(state.testRunDurationMs / 1_000).toFixed(1)} s`
  const text = [
    ...outcomeTable(data),
    ...(lines.length > 0 ? ['', ...lines] : []),
    '',
    arrivalLine(metrics),
    ...checks.map(({ name, fails }) => `${fails === 0 ? 'holds' : 'OFF  '}  ${name}`),
    '',
    passed ? outcome : `${outcome}:`,
    ...problems.map((problem) => `  ${problem}`),
  ]
  const summary = { passed, problems, ...facts, metrics, checks, state }
  return {
    stdout: metrics.iterations ? `\n${text.join('\n')}\n` : 'FAILED before anybody arrived.\n',
    ...(__ENV.SUMMARY_FILE && { [__ENV.SUMMARY_FILE]: JSON.stringify(summary, null, 2) }),
  }
}

/** The summary of a scenario that has nothing to add. */
export function handleSummary(data: RunData) {
  return summarize(data)
}

/** The thresholds that do not hold, each with what was measured instead. */
export function crossedThresholds({ metrics }: RunData): { metric: string; text: string }[] {
  return Object.entries(metrics).flatMap(([metric, { values, thresholds = {} }]) =>
    Object.entries(thresholds)
      .filter(([, { ok }]) => !ok)
      .map(([rule]) => {
        const measured = values[rule.split(/[<>=]/)[0] as string]
        const was = measured === undefined ? '' : `, was ${Number(measured.toFixed(3))}`
        return { metric, text: `${metric}: ${rule}${was}` }
      }),
  )
}

/** Columns of equal width, numbers to the right of the first. */
export function tableOf(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? ''
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** A row for each outcome of each kind of request, with how long it took; refusals are measured together. */
function outcomeTable({ metrics }: RunData): string[] {
  const countOf = (name: string) => metrics[name]?.values.count ?? 0
  const rowOf = (name: string, count: number) => [
    name,
    String(count),
    ...durationsOf(metrics[`${name}_ms`]),
  ]
  const nouns = Object.keys(metrics).flatMap((name) => /^(\w+)_accepted$/.exec(name)?.[1] ?? [])
  const rows = nouns.sort().flatMap((noun) => {
    const isRefusal = (name: string) => name.startsWith(`${noun}_refused_`) && !name.endsWith('_ms')
    const refusals = Object.keys(metrics).filter((name) => isRefusal(name) && countOf(name) > 0)
    const refused = refusals.reduce((sum, name) => sum + countOf(name), 0)
    const replayed = countOf(`${noun}_replayed`)
    return [
      rowOf(`${noun}_accepted`, countOf(`${noun}_accepted`)),
      ...(replayed > 0 ? [rowOf(`${noun}_replayed`, replayed)] : []),
      ...(refused > 0 ? [rowOf(`${noun}_refused`, refused)] : []),
      ...refusals.sort().map((name) => rowOf(name, countOf(name))),
      rowOf(`${noun}_failed`, countOf(`${noun}_failed`)),
    ]
  })
  return tableOf([['outcome', 'count', 'median', '95%', '99%', 'max'], ...rows])
}

function durationsOf(metric: Metric | undefined): string[] {
  if (metric === undefined) return []
  return ['med', 'p(95)', 'p(99)', 'max'].map((stat) => millisecondsOf(metric.values[stat]))
}

export function millisecondsOf(value = 0): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`
}

function arrivalLine(metrics: RunData['metrics']): string {
  const dropped = metrics.dropped_iterations?.values.count ?? 0
  const arrived = metrics.iterations?.values.count ?? 0
  return `${arrived} arrivals, ${dropped} more dropped by the generator`
}

/** Those of the buyers come first; setup and teardown are groups of their own. */
function checksIn({ checks, groups }: Group): Group['checks'] {
  return [...checks, ...groups.flatMap(checksIn)]
}
