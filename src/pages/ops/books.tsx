import { useEffect, useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import type { Proof } from '../../live/feed.ts'
import { formatCount, formatMs, formatTime } from './format.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { useAction } from './use-action.ts'

/** Facts of one check that are shown; the command line shows more. */
const factsMax = 3

type Props = {
  client: AdminClient
  /** The last one that the feed has told of, whoever asked for it. */
  told: Proof | null
}

/** The proof of the books, when an operator asks for it: of a large shop it takes a while. */
export function Books({ client, told }: Props) {
  const action = useAction()
  const [proof, setProof] = useState<Proof | null>(null)
  // Whatever comes last counts: another process than the one that is watched does not tell of its proofs.
  useEffect(() => {
    if (told) setProof(told)
  }, [told])

  async function prove(): Promise<void> {
    setProof(null)
    const startedAt = performance.now()
    const report = await action.send(outcomeOf(client.v1.verify.$get()), '')
    if (!report) return
    setProof({ report, atMs: Date.now(), tookMs: performance.now() - startedAt })
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
      <div role="status">
        {action.isBusy && (
          <p class="quiet">
            Every row of Redis and Postgres is compared. A large shop takes minutes.
          </p>
        )}
        {proof && <Answer {...proof} />}
      </div>
    </section>
  )
}

function Answer({ report, atMs, tookMs }: Proof) {
  return (
    <>
      <p>
        <span class={`pill ${report.ok ? 'good' : 'bad'}`}>
          {report.ok ? 'They balance' : 'They do not balance'}
        </span>{' '}
        {formatTime(atMs)}, after {formatMs(tookMs)}, with {formatCount(report.backlog)} events on
        their way
        {report.dropped > 0 && ` and ${formatCount(report.dropped)} that were dropped`}
      </p>
      <ul class="checks">
        {report.checks.map(({ name, ok, checked, offCount, off }) => (
          <li key={name} class={ok ? '' : 'bad'}>
            {ok ? '✓' : '✗'} {name}{' '}
            <small>
              {formatCount(checked)} checked{ok ? '' : `, ${formatCount(offCount)} off`}
            </small>
            {off.slice(0, factsMax).map(({ row, fact, actual, expected }) => (
              <p key={`${row} ${fact}`}>
                {row}: {fact} is {actual ?? 'missing'}, should be {expected ?? 'missing'}
              </p>
            ))}
            {offCount > factsMax && <p>… and {formatCount(offCount - factsMax)} more</p>}
          </li>
        ))}
      </ul>
    </>
  )
}
