import type { Second } from '../../live/moment.ts'
import { formatCount, formatStatus } from './format.ts'
import { minutesOf, newest, rateOf } from './heard.ts'
import { countOutcomes, type Verdict } from './outcomes.ts'
import { Wide } from './wide.tsx'

const verdicts: Record<Verdict, string> = {
  accepted: 'accepted',
  repeated: 'same answer again',
  refused: 'refused',
  failed: 'failed',
}

/** Every outcome of the last minutes: what was answered, and how often. */
export function OutcomeTable({ seconds }: { seconds: Second[] }) {
  const counts = countOutcomes(seconds)
  const lastMinute = newest(seconds, 60)
  return (
    <section aria-labelledby="outcomes">
      <h2 id="outcomes">Outcomes</h2>
      {counts.length === 0 ? (
        <p class="quiet">Nobody has asked for anything in the last minutes.</p>
      ) : (
        <Wide label="Outcomes by answer">
          <table>
            <thead>
              <tr>
                <th scope="col">Asked for</th>
                <th scope="col">Answer</th>
                <th scope="col" class="number">
                  Per second
                </th>
                <th scope="col" class="number">
                  Last minute
                </th>
                <th scope="col" class="number">
                  In {minutesOf(seconds)} min
                </th>
              </tr>
            </thead>
            <tbody>
              {counts.map(({ kind, status, verdict, count }) => (
                <tr key={`${kind} ${status}`}>
                  <td>{kind}</td>
                  <td>
                    <span class={`verdict ${verdict}`}>{formatStatus(status)}</span>{' '}
                    <small>{verdicts[verdict]}</small>
                  </td>
                  <td class="number">
                    {rateOf(seconds, ({ outcomes }) => outcomes[kind]?.[status] ?? 0)}
                  </td>
                  <td class="number">{formatCount(countIn(lastMinute, kind, status))}</td>
                  <td class="number">{formatCount(count)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </section>
  )
}

function countIn(seconds: Second[], kind: keyof Second['outcomes'], status: string): number {
  return seconds.reduce((sum, { outcomes }) => sum + (outcomes[kind]?.[status] ?? 0), 0)
}
