import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from './dialog.tsx'

type Props = {
  /** On the button that leads to the question, and what it is about for those who do not see that. */
  label: string
  about: string
  title: string
  yes: string
  no: string
  isBusy: boolean
  /** Told the form of the question, where it has fields. */
  onYes: (form: HTMLFormElement) => void
  children: ComponentChildren
}

/** A button that asks before it does something that buyers notice, or that cannot be taken back. */
export function Question({ label, about, title, yes, no, isBusy, onYes, children }: Props) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => setOpen(true)}>
        {label} …<span class="unseen"> {about}</span>
      </button>
      {isOpen && (
        <Dialog title={title} onClose={() => setOpen(false)}>
          {(close) => (
            <form
              onSubmit={(event) => {
                event.preventDefault()
                onYes(event.currentTarget as HTMLFormElement)
                close()
              }}
            >
              {children}
              <p class="buttons">
                <button type="submit" class="bold">
                  {yes}
                </button>
                <button type="button" onClick={close}>
                  {no}
                </button>
              </p>
            </form>
          )}
        </Dialog>
      )}
    </>
  )
}
