import { Counter } from 'prom-client'
import { openDurations } from './durations.ts'
import { registry } from './registry.ts'

/** Counts one answer of a route. `code` is that of the problem, empty for a success. */
export type CountAnswer = (answer: { status: number; code: string; tookMs: number }) => void

type Outcome = 'accepted' | 'refused' | 'failed'

/** What a route has answered since the last look, by status and problem, and what times its answers. */
type Tally = {
  labels: { method: string; route: string }
  answers: Map<string, { status: number; code: string; count: number }>
  durations: Record<Outcome, (ms: number) => void>
}

/**
 * Answers are counted in plain numbers and made into metrics when somebody asks for them: a metric that is found by its
 * labels takes 3 µs for each answer, where this takes 0.05, and a whole sold-out answer takes 60.
 */
const tallies = new Map<string, Tally>()

new Counter({
  name: 'stampede_http_answers_total',
  help: 'Answers by route and status; code is that of the problem, empty for a success.',
  labelNames: ['method', 'route', 'status', 'code'],
  registers: [registry],
  collect() {
    for (const { labels, answers } of tallies.values()) {
      for (const answer of answers.values()) {
        this.inc({ ...labels, status: String(answer.status), code: answer.code }, answer.count)
        answer.count = 0
      }
    }
  },
})

const durationsOf = openDurations({
  name: 'stampede_http_duration_seconds',
  help: 'From the request to its answer; accepted and refused apart, because a refusal is the faster one.',
  bucketsMs: [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000],
})

/** @param route as the contract has it, e.g. `/v1/orders/{id}`: addresses with ids would be too many. */
export function countAnswersOf(method: string, route: string): CountAnswer {
  const { answers, durations } = tallyOf(method, route)
  return ({ status, code, tookMs }) => {
    const name = `${status} ${code}`
    const answer = answers.get(name)
    if (answer) answer.count += 1
    else answers.set(name, { status, code, count: 1 })
    durations[outcomeOf(status)](tookMs)
  }
}

function tallyOf(method: string, route: string): Tally {
  const name = `${method} ${route}`
  const known = tallies.get(name)
  if (known) return known
  const labels = { method, route }
  const durations = {
    accepted: durationsOf({ ...labels, outcome: 'accepted' }),
    refused: durationsOf({ ...labels, outcome: 'refused' }),
    failed: durationsOf({ ...labels, outcome: 'failed' }),
  }
  const tally: Tally = { labels, answers: new Map(), durations }
  tallies.set(name, tally)
  return tally
}

function outcomeOf(status: number): Outcome {
  if (status < 400) return 'accepted'
  return status < 500 ? 'refused' : 'failed'
}
