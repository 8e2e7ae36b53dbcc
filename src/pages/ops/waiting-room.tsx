import { useEffect, useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import { Dialog } from './dialog.tsx'
import { textsOf } from './fields.ts'
import { formatCount } from './format.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { describeProblem, useAction } from './use-action.ts'

type Props = {
  kind: 'coupons' | 'options'
  id: string
  name: string
  client: AdminClient
}

type Room = { admitPerSecond: number }

/** The way to let people in to a coupon or an option one after the other, or to end that. */
export function WaitingRoom(props: Props) {
  const { name } = props
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Waiting room<span class="unseen"> of {name}</span>
      </button>
      {isOpen && (
        <Dialog title={`Waiting room of ${name}`} onClose={() => setOpen(false)}>
          {(close) => <Terms {...props} close={close} />}
        </Dialog>
      )}
    </>
  )
}

function Terms({ close, ...props }: Props & { close: () => void }) {
  const { name } = props
  const action = useAction()
  const routes = routesOf(props)
  /** What is known of it: undefined until the shop has answered, null where there is none. */
  const [room, setRoom] = useState<Room | null | undefined>(undefined)
  const [fault, setFault] = useState('')

  async function look(): Promise<void> {
    setFault('')
    try {
      const outcome = await routes.look()
      if (outcome.ok) setRoom(outcome.body)
      else if (outcome.problem.code === 'waiting_room_not_found') setRoom(null)
      else setFault(describeProblem(outcome.problem))
    } catch (error) {
      setFault(String(error))
    }
  }
  useEffect(() => void look(), [])

  async function open(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const rate = Number(textsOf(event.currentTarget as HTMLFormElement)('rate'))
    const opened = await action.send(
      routes.open({ admitPerSecond: rate }),
      `It lets in ${formatCount(rate)} a second.`,
    )
    if (opened) setRoom(opened)
  }
  async function end(): Promise<void> {
    if (await action.send(routes.close(), 'It is closed: everybody may come.')) setRoom(null)
  }

  return (
    <form onSubmit={open}>
      <p>
        While it is open, buyers of {name} queue, and as many are let in as units are left.
        {room === null && ' There is none now.'}
        {room && ` It is open, and lets in ${formatCount(room.admitPerSecond)} a second.`}
      </p>
      {fault !== '' && (
        <p class="note bad" role="alert">
          Whether it is open is not known: {fault}{' '}
          <button type="button" onClick={() => void look()}>
            Look again
          </button>
        </p>
      )}
      <label>
        Buyers let in per second{' '}
        <input class="small" name="rate" type="number" min="1" max="10000" required />
      </label>
      <p class="buttons">
        <button type="submit" class="bold" disabled={action.isBusy || room === undefined}>
          {room ? 'Change' : 'Open it'}
        </button>
        {room && (
          <button type="button" disabled={action.isBusy} onClick={() => void end()}>
            Close the room
          </button>
        )}
        <button type="button" onClick={close}>
          Done
        </button>
      </p>
      <NoteLine note={action.note} />
    </form>
  )
}

function routesOf({ kind, id, client }: Props) {
  const param = { id }
  const room = (kind === 'coupons' ? client.v1.coupons : client.v1.options)[':id']['waiting-room']
  return {
    look: () => outcomeOf(room.$get({ param })),
    open: (json: Room) => outcomeOf(room.$put({ param, json })),
    close: () => outcomeOf(room.$delete({ param })),
  }
}
