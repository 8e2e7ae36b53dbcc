import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderCostModel } from './cost-model.ts'
import type { Mode } from './modes.ts'
import { plotOf } from './plot.ts'
import { root } from './process.ts'
import { budgetOf, figure, type Report, rangeOf } from './report.ts'
import type { Row } from './row.ts'
import { renderSides } from './sides.ts'

/** The page of all figures, and the one with those that matter to who decides whether to read on. */
const pages = ['docs/PERFORMANCE.md', 'README.md'].map((path) => join(root, path))
const folder = join(root, 'docs/performance')
const resultsFile = join(folder, 'results.json')

export type Results = Partial<Record<Mode, Report>>

/** Keeps the report of a mode with those of the others, and renders the pages and the plots from all of them. */
export function publish(mode: Mode, report: Report): void {
  mkdirSync(folder, { recursive: true })
  const results = { ...readResults(), [mode]: report }
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  renderDocs()
}

/** Renders the pages and the plots from what was measured last. */
export function renderDocs(): void {
  const results = readResults()
  for (const page of pages) writeFileSync(page, renderPage(readFileSync(page, 'utf8'), results))
  for (const [name, svg] of Object.entries(renderPlots(results))) {
    writeFileSync(join(folder, `${name}.svg`), svg)
  }
}

export function readResults(): Results {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8'))
  } catch {
    return {}
  }
}

/**
 * The page with the results of every mode between the marks `<!-- MODE -->` and `<!-- /MODE -->`, and with what is made
 * of the budgets: the cost model between those of `model`, what stands beside the costs between those of `sides`, and
 * the rows that matter most between those of `summary`.
 */
export function renderPage(text: string, results: Results): string {
  return text.replace(/<!-- (\w+) -->\n[\s\S]*?<!-- \/\1 -->/g, (_, mark: Mark) => {
    const report = results[mark in ofBudgets ? 'budgets' : (mark as Mode)]
    return `<!-- ${mark} -->\n${report ? bodyOf(mark, report) : 'Not measured yet.\n'}<!-- /${mark} -->`
  })
}

/** What is made of the budgets, by its mark. */
const ofBudgets = { model: renderCostModel, sides: renderSides, summary: renderSummary }

type Mark = Mode | keyof typeof ofBudgets

function bodyOf(mark: Mark, report: Report): string {
  return mark in ofBudgets
    ? ofBudgets[mark as keyof typeof ofBudgets](report)
    : renderReport(mark, report)
}

/** The plots by the names of their files. */
export function renderPlots(results: Results): Record<string, string> {
  const entries = Object.entries(results).flatMap(([mode, { rows }]) =>
    Object.entries(plotsOf(rows)).map(
      ([name, plotted]) => [`${mode}-${name}`, plotOf(plotted)] as const,
    ),
  )
  return Object.fromEntries(entries)
}

function renderReport(mode: string, { conditions, rows }: Report): string {
  const lines = [
    conditionsOf(conditions, rows),
    '',
    ...tableOf(rows),
    '',
    ...Object.keys(plotsOf(rows)).flatMap((name) => [`![](performance/${mode}-${name}.svg)`, '']),
  ]
  return `${lines.join('\n')}`
}

function conditionsOf(conditions: Report['conditions'], rows: Row[]): string {
  const { at, node, redis, postgres, cpu, cores, memoryGb, fileSystem, size } = conditions
  const { redisDurability, postgresDurability, loadAverageAtStart, connections } = conditions
  const rounds = Math.max(...rows.map(({ samples }) => samples.values.length))
  const stolen = rows.flatMap(({ details }) => (details.stolenShare as number | undefined) ?? [])
  const keptBack =
    stolen.length === 0
      ? ''
      : `; the host of the machine kept back at most ${figure(Math.max(...stolen) * 100)} % of the work of a row`
  const roundsText = rounds === 1 ? 'one round' : `${rounds} rounds`
  return (
    `Measured ${String(at).slice(0, 10)} (${size}): ${cores} cores of ${cpu}, ${memoryGb} GB, ${fileSystem}; ` +
    `Node ${node}, Redis ${redis} (${redisDurability}), Postgres ${postgres} (${postgresDurability}). ` +
    `The load generator on the same cores, ${connections} connections, ${roundsText}, ` +
    `load average at the start ${loadAverageAtStart}${keptBack}.`
  )
}

/** What somebody wants to know first: the price of each kind of answer, the way into Postgres, and the way back. */
const summaryRows = [
  ...['claim', 'order and pay'],
  ...['persisted checkout', 'persisted checkout, in series', 'persisted checkout, in all'],
  ...['one hot product, accepted', 'one hot product, in series'],
  ...['sold-out refusal', 'persistence lag', 'rebuild'],
  "nearest peers' workload",
]

function renderSummary({ conditions, rows }: Report): string {
  const lines = summaryRows.flatMap((name) => {
    const row = rows.find((one) => one.name === name)
    if (!row) return []
    const { value, unit, floor, against, ratio, met } = row
    const besides = floor === null ? '' : `${figure(floor)}: ${against}`
    const verdict = met === null ? '' : `${budgetOf(row)}, ${met ? 'met' : 'missed'}`
    return [[name, figure(value), unit, besides, ratio === null ? '' : figure(ratio), verdict]]
  })
  const head = ['what', 'figure', 'unit', 'measured beside it', 'ratio', 'budget']
  const numbers = ['---', '---:', '---', '---', '---:', '---']
  const table = [head, numbers, ...lines].map((cells) => `| ${cells.join(' | ')} |`)
  return [...table, '', conditionsOf(conditions, rows), ''].join('\n')
}

function tableOf(rows: Row[]): string[] {
  const hasFloor = rows.some(({ floor }) => floor !== null)
  const hasBudget = rows.some(({ budget }) => budget !== null)
  const head = [
    ...['row', 'figure', 'unit'],
    ...(hasFloor ? ['floor', 'ratio'] : []),
    'smallest to largest round',
    ...(hasBudget ? ['budget', 'met'] : []),
  ]
  const body = rows.map((row) => {
    const { name, value, unit, floor, ratio, met } = row
    return [
      ...[name, figure(value), unit],
      ...(hasFloor
        ? [floor === null ? '' : figure(floor), ratio === null ? '' : figure(ratio)]
        : []),
      rangeOf(row),
      ...(hasBudget ? [budgetOf(row), met === null ? '' : met ? 'yes' : 'no'] : []),
    ]
  })
  const numbers = head.map((title) => (['row', 'unit'].includes(title) ? '---' : '---:'))
  return [head, numbers, ...body].map((cells) => `| ${cells.join(' | ')} |`)
}

/** Rows that belong into one plot, by its name: those with the same unit over the same numbers. */
function plotsOf(rows: Row[]): Record<string, Row[]> {
  const plots: Record<string, Row[]> = {}
  for (const row of rows) {
    if (!row.point) continue
    const name = `${unitOf(row).replace('µ', 'u')}-by-${row.point.xName.replaceAll(' ', '-')}`
    plots[name] = [...(plots[name] ?? []), row]
  }
  return plots
}

function unitOf({ unit }: Row): string {
  return unit.split(/[ ,]/)[0] ?? ''
}
