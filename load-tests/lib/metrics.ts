import { b64encode } from 'k6/encoding'
import http from 'k6/http'
import { baseUrl, shop } from './environment.ts'

/** How far Postgres is behind. */
export type Backlog = { events: number; lagMs: number }

/**
 * Reads it from `GET /metrics`, which shows it to operators.
 *
 * @throws Error where that is refused, so that a run ends before it begins.
 */
export function readBacklog(): Backlog {
  const password = __ENV.OPERATOR_PASSWORD
  const answer = http.get(`${baseUrl}/metrics`, {
    headers: password ? { authorization: `Basic ${b64encode(`k6:${password}`)}` } : {},
    tags: { name: 'GET /metrics' },
  })
  if (answer.status !== 200) {
    const advice = 'OPERATOR_PASSWORD must be that of the engine'
    throw new Error(`GET /metrics: ${answer.status || answer.error}; ${advice}.`)
  }
  const gauge = (metric: string) => {
    const line = `${metric}{shop="${shop}"} `
    const start = (answer.body as string).indexOf(line)
    if (start < 0) throw new Error(`GET /metrics has no ${metric} of the shop ${shop}.`)
    return Number.parseFloat((answer.body as string).slice(start + line.length))
  }
  return {
    events: gauge('stampede_outbox_events'),
    lagMs: gauge('stampede_persistence_lag_seconds') * 1_000,
  }
}
