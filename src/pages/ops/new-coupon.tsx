import { useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import { isoOfField, parseMoney } from './format.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { useAction } from './use-action.ts'

/** A form for a coupon; what it does not ask for has the default of the API. */
export function NewCoupon({ client }: { client: AdminClient }) {
  const action = useAction()
  const [isPercentage, setPercentage] = useState(true)

  async function create(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    const textOf = (name: string) => String(fields.get(name)).trim()
    const validFrom = isoOfField(textOf('from'))
    const validUntil = isoOfField(textOf('until'))
    const json = {
      name: textOf('name'),
      ...(textOf('code') !== '' && { code: textOf('code') }),
      discountType: isPercentage ? ('PERCENTAGE' as const) : ('FIXED' as const),
      // Hundredths both: of a percent, and of the currency.
      discountValue: parseMoney(textOf('value')),
      totalQuantity: Number(textOf('units')),
      ...(validFrom !== undefined && { validFrom }),
      ...(validUntil !== undefined && { validUntil }),
    }
    const made = await action.send(
      outcomeOf(client.v1.coupons.$post({ json })),
      `${json.name} can be claimed.`,
    )
    if (!made) return
    form.reset()
    setPercentage(true)
  }

  return (
    <details>
      <summary>New coupon</summary>
      <form class="grid" onSubmit={create}>
        <label>
          Name <input name="name" required />
        </label>
        <label>
          Kind{' '}
          <select
            onChange={({ currentTarget }) => setPercentage(currentTarget.value === 'percent')}
          >
            <option value="percent">percent off</option>
            <option value="fixed">amount off</option>
          </select>
        </label>
        <label>
          {isPercentage ? 'Percent' : 'Amount'}{' '}
          <input
            name="value"
            required
            inputMode="decimal"
            placeholder={isPercentage ? '10' : '5.00'}
          />
        </label>
        <label>
          Units <input name="units" type="number" min="1" required />
        </label>
        <label>
          Code <input name="code" placeholder="none" pattern="[A-Za-z0-9_\-]+" />
        </label>
        <label>
          Valid from <input name="from" type="datetime-local" />
        </label>
        <label>
          Valid until <input name="until" type="datetime-local" />
        </label>
        <button type="submit" disabled={action.isBusy}>
          Offer
        </button>
      </form>
      <NoteLine note={action.note} />
    </details>
  )
}
