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
  const [hasCode, setHasCode] = useState(false)
  const [isByCode, setByCode] = useState(false)

  /** Who gives a coupon a code means it for those who have it: else it could be claimed by its id as well. */
  function noteCode(text: string): void {
    const isThere = text.trim() !== ''
    if (isThere !== hasCode) setByCode(isThere)
    setHasCode(isThere)
  }

  async function create(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const json = couponOf(textsOf(form), { isPercentage, isByCode })
    const made = await action.send(
      outcomeOf(client.v1.coupons.$post({ json })),
      `${json.name} is in the shop.`,
    )
    if (!made) return
    form.reset()
    setPercentage(true)
    setHasCode(false)
    setByCode(false)
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
          At most per buyer <input name="limit" type="number" min="1" placeholder="1" />
        </label>
        <label>
          For orders from{' '}
          <input name="minimum" {...moneyField} required={false} placeholder="any amount" />
        </label>
        {isPercentage && (
          <label>
            Takes off at most{' '}
            <input name="maximum" {...moneyField} required={false} placeholder="no maximum" />
          </label>
        )}
        <label>
          Code{' '}
          <input
            name="code"
            placeholder="none"
            pattern="[A-Za-z0-9_\-]+"
            onInput={({ currentTarget }) => noteCode(currentTarget.value)}
          />
        </label>
        <label>
          Valid from <input name="from" {...timeField} />
        </label>
        <label>
          Valid until <input name="until" {...timeField} />
        </label>
        <label>
          <input
            type="checkbox"
            checked={isByCode}
            onChange={({ currentTarget }) => setByCode(currentTarget.checked)}
          />{' '}
          By a code only: else everybody may claim it
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

/** A coupon as the API takes it; what was left empty is not named. */
function couponOf(
  textOf: (name: string) => string,
  { isPercentage, isByCode }: { isPercentage: boolean; isByCode: boolean },
) {
  const [code, limit, minimum] = ['code', 'limit', 'minimum'].map(textOf)
  const maximum = isPercentage ? textOf('maximum') : ''
  const validFrom = isoOfField(textOf('from'))
  const validUntil = isoOfField(textOf('until'))
  return {
    name: textOf('name'),
    ...(code && { code }),
    codeRequired: isByCode,
    discountType: isPercentage ? ('PERCENTAGE' as const) : ('FIXED' as const),
    // Hundredths both: of a percent, and of the currency.
    discountValue: parseMoney(textOf('value')),
    totalQuantity: Number(textOf('units')),
    ...(limit && { perUserLimit: Number(limit) }),
    ...(minimum && { minOrderAmount: parseMoney(minimum) }),
    ...(maximum && { maxDiscountAmount: parseMoney(maximum) }),
    ...(validFrom !== undefined && { validFrom }),
    ...(validUntil !== undefined && { validUntil }),
    ...(textOf('paused') === 'on' && { status: 'PAUSED' as const }),
  }
}
