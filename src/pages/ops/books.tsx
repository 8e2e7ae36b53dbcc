import { useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import type { VerifyReport } from '../../verify/verify.ts'
import { formatCount } from './format.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { useAction } from './use-action.ts'

/** The proof of the books, when an operator asks for it: of a large shop it takes a while. */
export function Books({ client }: { client: AdminClient }) {
  const action = useAction()
  const [report, setReport] = useState<VerifyReport | null>(null)
  const [provedAt, setProvedAt] = useState('')

  async function prove(): Promise<void> {
    setReport(null)
    const found = await action.send(outcomeOf(client.v1.verify.$get()), '')
    if (!found) return
    setReport(found)
    setProvedAt(new Date().toLocaleTimeString())
  }

  return (
    <section aria-labelledby="books">
      <h2 id="books">Books</h2>
      <p>
        <button type="button" disabled={action.isBusy} onClick={prove}>
          {action.isBusy ? 'Proving …' : 'Prove the books'}
        </button>
      </p>
      <NoteLine note={action.note} />
      {report && (
        <div role="status">
          <p>
            <span class={`pill ${report.ok ? 'good' : 'bad'}`}>
              {report.ok ? 'They balance' : 'They do not balance'}
            </span>{' '}
            at {provedAt}, with {formatCount(report.backlog)} events on their way
          </p>
          <ul class="checks">
            {report.checks.map(({ name, ok, checked, offCount, off }) => (
              <li key={name} class={ok ? '' : 'bad'}>
                {ok ? '✓' : '✗'} {name}{' '}
                <small>
                  {formatCount(checked)} checked{ok ? '' : `, ${formatCount(offCount)} off`}
                </small>
                {off.slice(0, 3).map(({ row, fact, actual, expected }) => (
                  <p key={`${row} ${fact}`}>
                    {row}: {fact} is {actual ?? 'missing'}, should be {expected ?? 'missing'}
                  </p>
                ))}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  )
}
