import type { Second } from '../../live/moment.ts'
import { formatCount, formatMs } from './format.ts'
import { minutesOf, newest, type Watched } from './heard.ts'
import { acceptedIn, refusedIn } from './outcomes.ts'

/** Seconds over which a rate is taken: one alone jumps. */
const rateSeconds = 5

/** What matters most, in figures that are read from afar. */
export function Figures({ seconds, state }: Watched) {
  const recent = newest(seconds, rateSeconds)
  const figures = [
    { name: 'Claims', count: (second: Second) => acceptedIn(second, 'claims') },
    { name: 'Orders', count: (second: Second) => acceptedIn(second, 'orders') },
    { name: 'Payments', count: (second: Second) => acceptedIn(second, 'payments') },
    { name: 'Refusals', count: refusedIn },
  ].map(({ name, count }) => {
    const sum = (some: Second[]) => some.reduce((total, second) => total + count(second), 0)
    const rate = sum(recent) / Math.max(1, recent.length)
    return {
      name,
      value: rate < 10 ? rate.toFixed(1).replace(/\.0$/, '') : formatCount(Math.round(rate)),
      unit: 'per second',
      more: `${formatCount(sum(seconds))} in ${minutesOf(seconds)} min`,
    }
  })
  return (
    <dl class="figures">
      {figures.map((one) => (
        <Figure key={one.name} {...one} />
      ))}
      <Figure
        name="Waiting for Postgres"
        value={state ? formatCount(state.backlog) : '–'}
        unit={state?.backlog === 1 ? 'event' : 'events'}
        more={
          state && !state.hasPostgres ? 'Postgres does not answer' : 'Selling does not wait for it'
        }
      />
      <Figure
        name="Behind by"
        value={state ? formatMs(state.lagMs) : '–'}
        unit=""
        more="Age of the oldest that waits"
      />
    </dl>
  )
}

function Figure(figure: { name: string; value: string; unit: string; more: string }) {
  const { name, value, unit, more } = figure
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong> {unit}
        <small>{more}</small>
      </dd>
    </div>
  )
}
