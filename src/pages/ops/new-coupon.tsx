import { useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import { isoOfField, moneyField, parseMoney, textsOf, timeField } from './fields.ts'
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
    const textOf = textsOf(form)
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
      ...(textOf('paused') === 'on' && { status: 'PAUSED' as const }),
    }
    const made = await action.send(
      outcomeOf(client.v1.coupons.$post({ json })),
      `${json.name} is in the shop.`,
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
          <input name="value" {...moneyField} placeholder={isPercentage ? '10' : '5.00'} />
        </label>
        <label>
          Units <input name="units" type="number" min="1" required />
        </label>
        <label>
          Code <input name="code" placeholder="none: for everybody" pattern="[A-Za-z0-9_\-]+" />
        </label>
        <label>
          Valid from <input name="from" {...timeField} />
        </label>
        <label>
          Valid until <input name="until" {...timeField} />
        </label>
        <label>
          <input name="paused" type="checkbox" /> Paused at first: not to be seen yet
        </label>
        <button type="submit" disabled={action.isBusy}>
          Offer
        </button>
      </form>
      <NoteLine note={action.note} />
    </details>
  )
}
