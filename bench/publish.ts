import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderCostModel } from './cost-model.ts'
import type { Mode } from './modes.ts'
import { plotOf } from './plot.ts'
import { root } from './process.ts'
import { figure, type Report } from './report.ts'
import type { Row } from './row.ts'

const page = join(root, 'docs/PERFORMANCE.md')
const folder = join(root, 'docs/performance')
const resultsFile = join(folder, 'results.json')

export type Results = Partial<Record<Mode, Report>>

/** Keeps the report of a mode with those of the others, and renders the page and its plots from all of them. */
export function publish(mode: Mode, report: Report): void {
  mkdirSync(folder, { recursive: true })
  const results = { ...readResults(), [mode]: report }
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(page, renderPage(readFileSync(page, 'utf8'), results))
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
 * The page with the results of every mode between the marks `<!-- MODE -->` and `<!-- /MODE -->`, and the cost model
 * between those of `model`.
 */
export function renderPage(text: string, results: Results): string {
  return text.replace(/<!-- (\w+) -->\n[\s\S]*?<!-- \/\1 -->/g, (_, mark: Mode | 'model') => {
    const report = results[mark === 'model' ? 'budgets' : mark]
    if (!report) return `<!-- ${mark} -->\nNot measured yet.\n<!-- /${mark} -->`
    const body = mark === 'model' ? renderCostModel(report) : renderReport(mark, report)
    return `<!-- ${mark} -->\n${body}<!-- /${mark} -->`
  })
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
  const { at, node, redis, postgres, cpu, cores, memoryGb, fileSystem, size } = conditions
  const { redisDurability, postgresDurability, loadAverageAtStart, rounds, connections } =
    conditions
  const lines = [
    `Measured ${String(at).slice(0, 10)} (${size}): ${cores} cores of ${cpu}, ${memoryGb} GB, ${fileSystem}; ` +
      `Node ${node}, Redis ${redis} (${redisDurability}), Postgres ${postgres} (${postgresDurability}). ` +
      `The load generator on the same cores, ${connections} connections, ${rounds} rounds, ` +
      `load average at the start ${loadAverageAtStart}.`,
    '',
    ...tableOf(rows),
    '',
    ...Object.keys(plotsOf(rows)).flatMap((name) => [`![](performance/${mode}-${name}.svg)`, '']),
  ]
  return `${lines.join('\n')}`
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
  const body = rows.map(({ name, value, unit, floor, ratio, spread, budget, bounds, met }) => {
    const [low, high] = spread.ratio ?? spread.value
    const sign = bounds?.side === 'least' ? '≥' : '≤'
    const factor = bounds?.what === 'ratio' ? ' ×' : ''
    return [
      ...[name, figure(value), unit],
      ...(hasFloor
        ? [floor === null ? '' : figure(floor), ratio === null ? '' : figure(ratio)]
        : []),
      `${figure(low)} … ${figure(high)}`,
      ...(hasBudget
        ? [
            budget === null ? '' : `${sign} ${figure(budget)}${factor}`,
            met === null ? '' : met ? 'yes' : 'no',
          ]
        : []),
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
