import { type Side, sidesOf } from './measure.ts'
import { figure, type Report } from './report.ts'

/** Throughput, latency and processor time of every side, as a table; each number is the median of the rounds. */
export function renderSides({ rows }: Report): string {
  const lines = rows.flatMap((row) =>
    sidesOf(row).map(([name, side]) => {
      const { perSecond, latencyMs, cpuUsPerRequest, clientShare } = side
      const cpu = Object.entries(cpuUsPerRequest).filter(([process]) => process !== 'client')
      return [
        ...[row.name, name, figure(perSecond)],
        ...[latencyOf(latencyMs.accepted), latencyOf(latencyMs.refused)],
        cpu.map(([process, us]) => `${process} ${figure(us)}`).join(', '),
        `${figure(clientShare * 100)} %`,
      ]
    }),
  )
  const head = [
    ...['row', 'side', 'requests/s', 'accepted, ms', 'refused, ms'],
    ...['µs CPU per request', 'load generator, of a core'],
  ]
  const numbers = ['---', '---', '---:', '---:', '---:', '---', '---:']
  return `${[head, numbers, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

/** The middle and the 99th of 100; empty where there was no such answer. */
function latencyOf({ count, p50, p99 }: Side['latencyMs']['accepted']): string {
  return count === 0 ? '' : `${figure(p50)}, ${figure(p99)}`
}
