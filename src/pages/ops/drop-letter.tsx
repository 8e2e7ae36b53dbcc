import { useState } from 'preact/hooks'
import { Dialog } from './dialog.tsx'
import { textsOf } from './fields.ts'

type Props = {
  id: string
  isBusy: boolean
  drop: (reason: string) => void
}

/** Asks before an event is given up, because that cannot be taken back. */
export function DropLetter({ id, isBusy, drop }: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => setOpen(true)}>
        Drop …<span class="unseen"> {id}</span>
      </button>
      {isOpen && (
        <Dialog title="Give this event up?" onClose={() => setOpen(false)}>
          {(close) => (
            <form
              onSubmit={(event) => {
                event.preventDefault()
                drop(textsOf(event.currentTarget as HTMLFormElement)('reason'))
                close()
              }}
            >
              <p>
                Dropping <code>{id}</code> undoes nothing: its client was told yes. It declares that
                this event will never have rows, and cannot be taken back. Retry it wherever that
                can be done.
              </p>
              <label>
                Why, for the record <input class="large" name="reason" required maxLength={200} />
              </label>
              <p class="buttons">
                <button type="submit" class="bold">
                  Drop it for good
                </button>
                <button type="button" onClick={close}>
                  Keep it
                </button>
              </p>
            </form>
          )}
        </Dialog>
      )}
    </>
  )
}
