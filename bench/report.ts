import { sidesOf } from './measure.ts'
import type { Row } from './row.ts'

export type Report = {
  /** Every budget is met and the books balance. */
  ok: boolean
  /** The books of every shop hold and nothing waits for Postgres; without this there is no result. */
  verified: boolean
  conditions: Record<string, unknown>
  rows: Row[]
  /** What went wrong, for people. */
  problems: string[]
}

/** The report as a table for people. */
export function formatReport({ conditions, rows, problems, verified, ok }: Report): string {
  const facts = Object.entries(conditions).map(([name, value]) => `  ${name}: ${textOf(value)}`)
  const table = formatTable([
    ['row', 'value', 'floor', 'ratio', 'spread of the ratio', 'budget', 'met'],
    ...rows.map(cellsOf),
  ])
  const notes = rows.map((row) => {
    const { name, unit, against } = row
    const parts = [unit]
    if (against !== null) parts.push(`floor: ${against}`)
    for (const [side, { perSecond, clientShare }] of sidesOf(row)) {
      const share = Math.round(clientShare * 100)
      parts.push(`${side}: ${figure(perSecond)}/s, the load generator took ${share} % of a core`)
    }
    return `  ${name}: ${parts.join('; ')}`
  })
  const missed = rows.filter(({ met }) => met === false).map(({ name }) => name)
  const verdict = [
    ...problems,
    verified ? 'The books of every shop hold.' : 'The books do not hold: this is no result.',
    missed.length > 0 ? `Budgets missed: ${missed.join(', ')}` : '',
    ok && rows.some(({ met }) => met) ? 'Every budget is met.' : '',
  ].filter((line) => line !== '')
  return ['Conditions', ...facts, '', table, '', ...notes, '', ...verdict, ''].join('\n')
}

function cellsOf(row: Row): string[] {
  const { name, value, floor, ratio, met } = row
  return [
    name,
    figure(value),
    floor === null ? '' : figure(floor),
    ratio === null ? '' : figure(ratio),
    rangeOf(row),
    budgetOf(row),
    met === null ? '' : met ? 'yes' : 'NO',
  ]
}

/** The smallest and the largest round; empty where there was a single one, which says nothing of its spread. */
export function rangeOf({ spread, samples }: Row): string {
  const [low, high] = spread.ratio ?? spread.value
  return samples.values.length < 2 ? '' : `${figure(low)} … ${figure(high)}`
}

/** A budget with the side from which it bounds the row, e.g. `≤ 1.3 ×`; empty where the row has none. */
export function budgetOf({ budget, bounds }: Row): string {
  if (budget === null) return ''
  const sign = bounds?.side === 'least' ? '≥' : '≤'
  return `${sign} ${figure(budget)}${bounds?.what === 'ratio' ? ' ×' : ''}`
}

/** A number with three digits that say something. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

function formatTable(lines: string[][]): string {
  const widths = (lines[0] as string[]).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
