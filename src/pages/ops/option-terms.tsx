import { useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import type { HotOption } from '../../engine/reads.ts'
import { Dialog } from './dialog.tsx'
import {
  changedTexts,
  fieldOfMoney,
  fieldOfTime,
  isoOfField,
  moneyField,
  parseMoney,
  timeField,
} from './fields.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { useAction } from './use-action.ts'

type Props = {
  option: HotOption
  name: string
  client: AdminClient
  /** Told what was changed. */
  tell: (text: string) => void
}

/** The way to change what an option is sold for, to whom and when. Orders that are placed keep what they were told. */
export function OptionTerms(props: Props) {
  const { name } = props
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Terms<span class="unseen"> of {name}</span>
      </button>
      {isOpen && (
        <Dialog title={`Terms of ${name}`} onClose={() => setOpen(false)}>
          {(close) => <Terms {...props} close={close} />}
        </Dialog>
      )}
    </>
  )
}

function Terms({ option, name, client, tell, close }: Props & { close: () => void }) {
  const action = useAction()

  async function change(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const json = changesOf(changedTexts(event.currentTarget as HTMLFormElement))
    if (Object.keys(json).length === 0) return close()
    const call = client.v1.options[':id'].$patch({ param: { id: option.id }, json })
    if (!(await action.send(outcomeOf(call), ''))) return
    tell(`${name} has new terms.`)
    close()
  }

  return (
    <form class="grid" onSubmit={change}>
      <label>
        New price <input name="price" {...moneyField} defaultValue={fieldOfMoney(option.price)} />
      </label>
      <label>
        At most per buyer{' '}
        <input
          name="limit"
          type="number"
          min="1"
          placeholder="no limit"
          defaultValue={option.perUserLimit?.toString() ?? ''}
        />
      </label>
      <label>
        Sale starts{' '}
        <input name="start" {...timeField} defaultValue={fieldOfTime(option.saleStartsAt)} />
      </label>
      <label>
        Sale ends <input name="end" {...timeField} defaultValue={fieldOfTime(option.saleEndsAt)} />
      </label>
      <p class="buttons">
        <button type="submit" class="bold" disabled={action.isBusy}>
          Change
        </button>
        <button type="button" onClick={close}>
          Leave as it is
        </button>
      </p>
      <NoteLine note={action.note} />
    </form>
  )
}

/** As the API takes it: what was not touched is not named, and what was emptied is taken away. */
function changesOf(texts: Map<string, string>) {
  const [price, limit, start, end] = ['price', 'limit', 'start', 'end'].map((name) =>
    texts.get(name),
  )
  return {
    ...(price !== undefined && { price: parseMoney(price), reason: 'live page' }),
    ...(limit !== undefined && { perUserLimit: limit === '' ? null : Number(limit) }),
    ...(start !== undefined && { saleStartsAt: isoOfField(start) ?? null }),
    ...(end !== undefined && { saleEndsAt: isoOfField(end) ?? null }),
  }
}
