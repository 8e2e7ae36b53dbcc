import type { InferResponseType } from 'hono/client'
import { useEffect, useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import { DropLetter } from './drop-letter.tsx'
import { formatCount, formatStatus, formatTime } from './format.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { type Action, useAction } from './use-action.ts'

type Letters = InferResponseType<AdminClient['v1']['dead-letters']['$get'], 200>
type Letter = Letters['items'][number]
type Retried = InferResponseType<AdminClient['v1']['dead-letters']['retry']['$post'], 200>

const lettersMax = 100

type Props = {
  client: AdminClient
  /** The same, for retries: each of hundreds of events is a transaction of its own. */
  patient: AdminClient
  /** How many there are by the feed; where it changes the list is read again. */
  count: number
}

/** Accepted events that Postgres refused, and what an operator does about them. */
export function DeadLetters({ client, patient, count }: Props) {
  const list = useAction()
  const action = useAction()
  const [status, setStatus] = useState<Letter['status'] | ''>('')
  const [changes, setChanges] = useState(0)
  const [letters, setLetters] = useState<Letters | null>(null)

  useEffect(() => {
    let isWanted = true
    const query = { limit: String(lettersMax), ...(status !== '' && { status }) }
    list.send(outcomeOf(client.v1['dead-letters'].$get({ query })), '').then((found) => {
      if (found && isWanted) setLetters(found)
    })
    return () => {
      isWanted = false
    }
  }, [client, status, count, changes])

  /** Whatever comes of it, the list may be another one afterwards. */
  async function change<Body>(...parameters: Parameters<typeof action.send<Body>>) {
    const body = await action.send(...parameters)
    setChanges((before) => before + 1)
    return body
  }
  const retryOpen = () =>
    change(outcomeOf(patient.v1['dead-letters'].retry.$post({ json: {} })), describeRetries)

  return (
    <section aria-labelledby="dead-letters">
      <h2 id="dead-letters">
        Dead letters {count > 0 && <span class="pill bad">{formatCount(count)}</span>}
      </h2>
      <p class="quiet">Accepted events that Postgres refused: somebody was told yes.</p>
      <p class="buttons">
        <label>
          Show{' '}
          <select onChange={({ currentTarget }) => setStatus(currentTarget.value as typeof status)}>
            <option value="">all</option>
            <option value="OPEN">open: can be retried</option>
            <option value="STALE">stale: not any more</option>
            <option value="DROPPED">dropped</option>
          </select>
        </label>
        <button type="button" disabled={action.isBusy} onClick={retryOpen}>
          Retry all open ones
        </button>
      </p>
      <NoteLine note={action.note} />
      <NoteLine note={list.note} />
      {letters?.items.length === 0 && <p class="quiet">There is none.</p>}
      {letters?.items.map((letter) => (
        <DeadLetter
          key={letter.id}
          letter={letter}
          client={client}
          patient={patient}
          isBusy={action.isBusy}
          send={change}
        />
      ))}
      {letters && letters.nextCursor !== null && (
        <p class="quiet">These are the oldest {lettersMax}. There are more.</p>
      )}
    </section>
  )
}

type LetterProps = {
  letter: Letter
  client: AdminClient
  patient: AdminClient
  isBusy: boolean
  send: Action['send']
}

function DeadLetter({ letter, client, patient, isBusy, send }: LetterProps) {
  const { id, status, type, tries, triedAt, droppedAt, dropReason } = letter
  const param = { id }
  const retry = () =>
    send(outcomeOf(patient.v1['dead-letters'][':id'].retry.$post({ param })), 'It has its rows.')
  const drop = (reason: string) =>
    send(
      outcomeOf(client.v1['dead-letters'][':id'].drop.$post({ param, json: { reason } })),
      'It is dropped.',
    )
  return (
    <details class="letter">
      <summary>
        <strong>{formatStatus(type)}</strong>
        <span class={`pill ${status === 'OPEN' ? 'bad' : 'off'}`}>{formatStatus(status)}</span>
        <span class="facts">accepted {formatTime(decidedAtMs(id))}</span>
      </summary>
      <p class="facts">{letter.error}</p>
      <p class="facts">
        id <code>{id}</code>
        {tries > 0 && ` · retried ${tries}×, last ${formatTime(triedAt)}`}
        {droppedAt !== null && ` · dropped ${formatTime(droppedAt)}: ${dropReason}`}
      </p>
      <pre>{indented(letter.data)}</pre>
      <div class="buttons">
        {status === 'OPEN' && (
          <button type="button" disabled={isBusy} onClick={retry}>
            Retry<span class="unseen"> {id}</span>
          </button>
        )}
        {status !== 'DROPPED' && <DropLetter id={id} isBusy={isBusy} drop={drop} />}
      </div>
    </details>
  )
}

/** The id of an event begins with the time of its decision. */
const decidedAtMs = (id: string) => Number.parseInt(id, 10)

/** An event as people read it; it is not always JSON. */
function indented(data: string): string {
  try {
    return JSON.stringify(JSON.parse(data), null, 2)
  } catch {
    return data
  }
}

function describeRetries({ results, more }: Retried): string {
  if (results.length === 0) return 'None of them is open.'
  const applied = results.filter(({ result }) => result === 'applied').length
  const refused = results.length - applied
  return [
    `${formatCount(applied)} of them ${applied === 1 ? 'has its' : 'have their'} rows.`,
    refused > 0 ? `${formatCount(refused)} cannot have them yet.` : '',
    more ? 'There are more.' : '',
  ].join(' ')
}
