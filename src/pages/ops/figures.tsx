import type { Second } from '../../live/moment.ts'
import { formatCount, formatMs } from './format.ts'
import { minutesOf, rateOf, type Watched } from './heard.ts'
import { acceptedIn, failedIn, refusedIn } from './outcomes.ts'

/** What matters most, in figures that are read from afar. */
export function Figures({ seconds, state }: Watched) {
  const figures = [
    { name: 'Claims', count: (second: Second) => acceptedIn(second, 'claims') },
    { name: 'Orders', count: (second: Second) => acceptedIn(second, 'orders') },
    { name: 'Payments', count: (second: Second) => acceptedIn(second, 'payments') },
    { name: 'Refusals', count: refusedIn },
    { name: 'Errors', count: failedIn },
  ].map(({ name, count }) => {
    const sum = seconds.reduce((total, second) => total + count(second), 0)
    return {
      name,
      value: rateOf(seconds, count),
      unit: 'a second',
      more: `${formatCount(sum)} in ${minutesOf(seconds)} min`,
      isBad: name === 'Errors' && sum > 0,
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

type FigureProps = { name: string; value: string; unit: string; more: string; isBad?: boolean }

function Figure({ name, value, unit, more, isBad = false }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong class={isBad ? 'none' : ''}>{value}</strong> {unit}
        <small>{more}</small>
      </dd>
    </div>
  )
}
