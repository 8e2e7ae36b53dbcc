import { outcomeOf } from '../../client/client.ts'
import type { HotOption, HotProduct } from '../../engine/reads.ts'
import { formatAmount } from '../format-amount.ts'
import { Bar } from './bar.tsx'
import { textsOf } from './fields.ts'
import { formatCount, formatStatus, formatTime } from './format.ts'
import { NoteLine } from './note.tsx'
import { OptionTerms } from './option-terms.tsx'
import type { AdminClient } from './session.ts'
import { type Action, useAction } from './use-action.ts'
import { WaitingRoom } from './waiting-room.tsx'
import { Wide } from './wide.tsx'

type Props = {
  /** Null until they are known. */
  products: HotProduct[] | null
  client: AdminClient
}

/** What is on sale, and what an operator changes of it. */
export function Stock({ products, client }: Props) {
  return (
    <section aria-labelledby="stock">
      <h2 id="stock">Stock</h2>
      {products?.length === 0 && <p class="quiet">There is no product yet.</p>}
      {products?.map((product) => (
        <Product key={product.id} product={product} client={client} />
      ))}
    </section>
  )
}

function Product({ product, client }: { product: HotProduct; client: AdminClient }) {
  const action = useAction()
  const isActive = product.status === 'ACTIVE'
  const toggle = () =>
    action.send(
      outcomeOf(
        client.v1.products[':id'].$patch({
          param: { id: product.id },
          json: { status: isActive ? 'INACTIVE' : 'ACTIVE' },
        }),
      ),
      isActive ? 'It is off sale.' : 'It is on sale.',
    )
  const total = (units: 'free' | 'held' | 'sold') =>
    product.options.reduce((sum, option) => sum + option[units], 0)
  return (
    <details class="product">
      <summary>
        <h3>{product.name}</h3>
        <span class={`pill ${isActive ? 'good' : 'off'}`}>{formatStatus(product.status)}</span>
        <span class="facts">
          <strong class={total('free') === 0 ? 'none' : ''}>{formatCount(total('free'))}</strong>{' '}
          free · {formatCount(total('held'))} held · {formatCount(total('sold'))} sold
        </span>
        <Bar
          parts={[
            { name: 'sold', count: total('sold') },
            { name: 'held', count: total('held') },
            { name: 'free', count: total('free') },
          ]}
        />
      </summary>
      <Wide label={`Options of ${product.name}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Option</th>
              <th scope="col" class="number">
                Price
              </th>
              <th scope="col" class="number">
                Free
              </th>
              <th scope="col" class="number">
                Held
              </th>
              <th scope="col" class="number">
                Sold
              </th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {product.options.map((option) => (
              <Option key={option.id} option={option} client={client} action={action} />
            ))}
          </tbody>
        </table>
      </Wide>
      <button type="button" disabled={action.isBusy} onClick={toggle}>
        {isActive ? 'Take off sale' : 'Put on sale'}
        <span class="unseen">: {product.name}</span>
      </button>
      <NoteLine note={action.note} />
    </details>
  )
}

function Option(props: { option: HotOption; client: AdminClient; action: Action }) {
  const { option, client, action } = props
  const { id, free, held, sold } = option
  const name = option.optionValue ?? 'the only one'

  async function adjust(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const units = Number(textsOf(form)('units'))
    const call = client.v1.options[':id']['stock-adjustments'].$post({
      param: { id },
      json: { change: units, reason: 'live page' },
    })
    const done = `${name}: ${formatCount(Math.abs(units))} ${units > 0 ? 'added' : 'taken out'}.`
    if (await action.send(outcomeOf(call), done)) form.reset()
  }

  return (
    <tr>
      <th scope="row">
        {name}
        {termsOf(option).map((term) => (
          <small class="term" key={term}>
            {term}
          </small>
        ))}
      </th>
      <td class="number">{formatAmount(option.price)}</td>
      <td class={`number ${free === 0 ? 'none' : ''}`}>{formatCount(free)}</td>
      <td class="number">{formatCount(held)}</td>
      <td class="number">{formatCount(sold)}</td>
      <td>
        <div class="inline">
          <form class="inline" onSubmit={adjust}>
            <label>
              <span class="unseen">Units to add to {name}, or to take out with a minus</span>
              <input class="small" name="units" type="number" required placeholder="± units" />
            </label>
            <button type="submit" disabled={action.isBusy}>
              Apply<span class="unseen"> to {name}</span>
            </button>
          </form>
          <OptionTerms option={option} name={name} client={client} tell={action.tell} />
          <WaitingRoom kind="options" id={id} name={name} client={client} />
        </div>
      </td>
    </tr>
  )
}

/** What holds for an option beside its price. */
function termsOf({ perUserLimit, saleStartsAt, saleEndsAt }: HotOption): string[] {
  return [
    perUserLimit === undefined ? '' : `at most ${formatCount(perUserLimit)} each`,
    saleStartsAt === undefined ? '' : `from ${formatTime(saleStartsAt)}`,
    saleEndsAt === undefined ? '' : `until ${formatTime(saleEndsAt)}`,
  ].filter((term) => term !== '')
}
