import { outcomeOf } from '../../client/client.ts'
import { isoOfField, moneyField, parseMoney, textsOf, timeField } from './fields.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { useAction } from './use-action.ts'

/** A form for a product with one option; more options, and all their fields, come by the API. */
export function NewProduct({ client }: { client: AdminClient }) {
  const action = useAction()

  async function create(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const textOf = textsOf(form)
    const perUserLimit = textOf('limit')
    const saleStartsAt = isoOfField(textOf('start'))
    const saleEndsAt = isoOfField(textOf('end'))
    const option = {
      ...(textOf('option') !== '' && { optionValue: textOf('option') }),
      price: parseMoney(textOf('price')),
      stock: Number(textOf('stock')),
      ...(perUserLimit !== '' && { perUserLimit: Number(perUserLimit) }),
      ...(saleStartsAt !== undefined && { saleStartsAt }),
      ...(saleEndsAt !== undefined && { saleEndsAt }),
    }
    const json = { name: textOf('name'), options: [option] }
    const call = outcomeOf(client.v1.products.$post({ json }))
    const made = await action.send(call, `${json.name} is in the shop.`)
    if (made) form.reset()
  }

  return (
    <details>
      <summary>New product</summary>
      <form class="grid" onSubmit={create}>
        <label>
          Name <input name="name" required maxLength={200} />
        </label>
        <label>
          Option <input name="option" placeholder="e.g. EU 42" />
        </label>
        <label>
          Price <input name="price" {...moneyField} placeholder="99.00" />
        </label>
        <label>
          Units <input name="stock" type="number" min="0" required />
        </label>
        <label>
          At most per buyer <input name="limit" type="number" min="1" placeholder="no limit" />
        </label>
        <label>
          Sale starts <input name="start" {...timeField} />
        </label>
        <label>
          Sale ends <input name="end" {...timeField} />
        </label>
        <button type="submit" disabled={action.isBusy}>
          Put on sale
        </button>
      </form>
      <NoteLine note={action.note} />
    </details>
  )
}
