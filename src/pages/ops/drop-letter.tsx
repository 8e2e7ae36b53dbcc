import { textsOf } from './fields.ts'
import { Question } from './question.tsx'

type Props = {
  id: string
  isBusy: boolean
  drop: (reason: string) => void
}

/** Asks before an event is given up, because that cannot be taken back. */
export function DropLetter({ id, isBusy, drop }: Props) {
  return (
    <Question
      label="Drop"
      about={id}
      title="Give this event up?"
      yes="Drop it for good"
      no="Keep it"
      isBusy={isBusy}
      onYes={(form) => drop(textsOf(form)('reason'))}
    >
      <p>
        Dropping <code>{id}</code> undoes nothing: its client was told yes. It declares that this
        event will never have rows, and cannot be taken back. Retry it wherever that can be done.
      </p>
      <label>
        Why, for the record <input class="large" name="reason" required maxLength={200} />
      </label>
    </Question>
  )
}
