import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { coresFor, renderCostModel } from '../../bench/cost-model.ts'
import { describeSide, type Measured } from '../../bench/measure.ts'
import { plotOf } from '../../bench/plot.ts'
import { readResults, renderPage, renderPlots } from '../../bench/publish.ts'
import { formatReport, type Report } from '../../bench/report.ts'
import { rowOf } from '../../bench/row.ts'

const docs = join(import.meta.dirname, '../../docs')
const read = (path: string) => readFileSync(join(docs, path), 'utf8')

const report: Report = {
  ok: false,
  verified: true,
  conditions: { at: '2026-01-02T03:04:05Z', cores: 2 },
  problems: [],
  rows: [
    rowOf({
      name: 'claim',
      unit: 'µs',
      values: [20],
      floor: { is: 'a floor', values: [10] },
      budget: { bound: 1, what: 'ratio' },
      details: { ours: { cpuUsPerRequest: { api: 15, redis: 5 } } },
    }),
    rowOf({
      name: 'persisted checkout',
      unit: 'µs',
      values: [100],
      details: {
        ours: { cpuUsPerRequest: { api: 30, redis: 10 } },
        drainCpuUsPerOrder: { api: 0, redis: 5, worker: 25, postgres: 35 },
      },
    }),
    ...[10, 1_000].map((x) =>
      rowOf({
        name: `at ${x}`,
        unit: 's',
        values: [x],
        point: { line: 'a <b>', x, xName: 'users' },
      }),
    ),
  ],
}

it.each(['PERFORMANCE.md', '../README.md'])('%s says what the results say', (file) => {
  const page = read(file)
  expect(page).toMatch(/<!-- (summary|budgets) -->/)
  expect(renderPage(page, readResults())).toBe(page)
})

it('every plot of the results is drawn as they say, and shown', () => {
  const page = read('PERFORMANCE.md')
  for (const [name, svg] of Object.entries(renderPlots(readResults()))) {
    const file = `performance/${name}.svg`
    expect(existsSync(join(docs, file)) && read(file)).toBe(svg)
    expect(page).toContain(`](${file})`)
  }
})

it('renders a report between its marks, and again over what was there', () => {
  const marks = '<!-- budgets -->\nold\n<!-- /budgets -->\nkept\n<!-- model -->\n<!-- /model -->\n'
  const page = renderPage(marks, { budgets: report })
  expect(page).toContain('| claim | 20 | µs | 10 | 2 |  | ≤ 1 × | no |')
  expect(page).toContain('kept')
  expect(page).not.toContain('old')
  expect(renderPage(page, { budgets: report })).toBe(page)
  expect(renderPage(page, {})).toContain('Not measured yet.')
})

it('tells a newcomer the rows that matter, what was measured beside them, and which budget is missed', () => {
  const page = renderPage('<!-- summary -->\n<!-- /summary -->', { budgets: report })
  expect(page).toContain('| claim | 20 | µs | 10: a floor | 2 | ≤ 1 ×, missed |\n')
  expect(page).toContain('| persisted checkout | 100 | µs |  |  |  |\n\nMeasured 2026-01-02 ')
})

it('the cost model adds up the parts of a checkout', () => {
  const costs = { api: 30, redis: 15, worker: 25, postgres: 35 }
  expect(coresFor(costs, 7_000).api).toBeCloseTo(0.3)
  const model = renderCostModel(report)
  expect(model).toContain('| Redis | 5 | 15 | 140,000 | 46,667 |')
  expect(model).toContain('| all | 20 | 105 | | |')
})

it('tells throughput, latency and processor time of each side apart, as medians of the rounds', () => {
  const none = { count: 0, p50: 0, p99: 0, max: 0 }
  const rounds: Measured[] = [1, 2, 4].map((seconds) => ({
    seconds,
    requests: 1_000,
    statuses: { 201: 1_000 },
    latencyMs: {
      accepted: { count: 1_000, p50: seconds, p99: 10 * seconds, max: 99 },
      refused: none,
    },
    cpuUs: { api: 5_000 * seconds, redis: 2_000, client: 400_000 },
  }))
  const row = rowOf({
    name: 'claim',
    unit: 'µs',
    values: [1, 2, 4],
    details: { ours: describeSide(rounds), stolenShare: 0.07 },
  })
  const page = renderPage('<!-- sides -->\n<!-- /sides -->', {
    budgets: { ...report, rows: [row] },
  })
  expect(page).toContain('| claim | ours | 500 | 2, 20 |  | api 10, redis 2 | 20 % |')
  const budgets = renderPage('<!-- budgets -->\n<!-- /budgets -->', {
    budgets: { ...report, rows: [row] },
  })
  expect(budgets).toContain('kept back at most 7 % of the work')
})

it('draws points of one plot and escapes their names', () => {
  const svg = plotOf(report.rows)
  expect(svg.match(/<circle/g)).toHaveLength(2)
  expect(svg).toContain('a &lt;b>')
  expect(svg).not.toContain('NaN')
})

it('tells people which budgets are missed', () => {
  expect(formatReport(report)).toContain('Budgets missed: claim')
  expect(formatReport({ ...report, rows: [] })).not.toContain('budget is met')
})
