import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { parse } from 'yaml'
import { root } from '../e2e/engine.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

type Target = { expr: string; datasource: { uid: string } }
export type Dashboard = {
  uid: string
  title: string
  panels: { id: number; title: string; datasource: { uid: string }; targets: Target[] }[]
  templating: { list: { name: string; query: string; datasource: { uid: string } }[] }
}

const folder = 'deploy/grafana/dashboards'
export const dashboards = readdirSync(join(root, folder)).map(
  (name) => JSON.parse(read(join(folder, name))) as Dashboard,
)

type Rule = { alert: string; expr: string; annotations: Record<string, string> }
export const alerts = (
  parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }
).groups.flatMap(({ rules }) => rules)

/** One query of a dashboard or an alert, as Prometheus gets it. */
export type Query = { place: string; text: string }

/** What Grafana puts in place of its variables. */
const filled = (text: string) => text.replace('$__rate_interval', '15s').replace(/\$\w+/g, 'x')

export const queries: Query[] = [
  ...dashboards.flatMap(({ title, panels, templating }) => [
    ...panels.flatMap((panel) =>
      panel.targets.map(({ expr }) => ({
        place: `${title}: ${panel.title}`,
        text: filled(expr.replaceAll('$__rate_interval', '15s')),
      })),
    ),
    ...templating.list.map(({ name, query }) => ({
      place: `${title}: $${name}`,
      text: /^label_values\((.+), \w+\)$/.exec(query)?.[1] ?? query,
    })),
  ]),
  ...alerts.map(({ alert, expr }) => ({ place: alert, text: expr })),
]

/** A metric that a query asks for, with the labels and the values that it is to have. */
export type Selected = { metric: string; labels: string[]; values: Record<string, string[]> }

/** Takes a query apart. `faults` are the places that Prometheus would not understand. */
export function readQuery(text: string) {
  const selected: Selected[] = []
  const grouped: string[] = []
  const faults: string[] = []
  let inGroup = 0
  parser.parse(text).iterate({
    enter({ name, type, from, to }) {
      const words = text.slice(from, to)
      const last = selected.at(-1)
      if (type.isError) faults.push(text.slice(Math.max(0, from - 20), to + 20))
      if (name === 'GroupingLabels') inGroup++
      if (name === 'LabelName' && inGroup > 0) grouped.push(words)
      if (name === 'VectorSelector') selected.push({ metric: '', labels: [], values: {} })
      if (name === 'Identifier' && last) last.metric = words
      if (name === 'UnquotedLabelMatcher' && last) {
        const [, label = '', value = ''] = /^(\w+)\s*[=!~]+\s*"(.*)"$/s.exec(words) ?? []
        last.labels.push(label)
        last.values[label] = value.split('|')
      }
    },
    leave({ name }) {
      if (name === 'GroupingLabels') inGroup--
    },
  })
  return { selected, grouped, faults }
}
