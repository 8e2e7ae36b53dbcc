import { outcomeOf } from '../../client/client.ts'
import type { HotOption, HotProduct } from '../../engine/reads.ts'
import { formatAmount } from '../format-amount.ts'
import { Bar } from './bar.tsx'
import { formatCount, formatStatus, parseMoney } from './format.ts'
import { NoteLine } from './note.tsx'
import type { AdminClient } from './session.ts'
import { type Action, useAction } from './use-action.ts'
import { Wide } from './wide.tsx'

/** What is on sale, and what an operator changes of it. */
export function Stock({ products, client }: { products: HotProduct[]; client: AdminClient }) {
  return (
    <section aria-labelledby="stock">
      <h2 id="stock">Stock</h2>
      {products.length === 0 && <p class="quiet">There is no product yet.</p>}
      {products.map((product) => (
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

  async function change(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const fields = new FormData(form)
    const units = Number(fields.get('units'))
    const price = parseMoney(String(fields.get('price')))
    if (await apply(units, price)) form.reset()
  }

  async function apply(units: number, price: number): Promise<boolean> {
    const options = client.v1.options[':id']
    const reason = 'live page'
    if (!Number.isNaN(price)) {
      const call = options.$patch({ param: { id }, json: { price, reason } })
      if (!(await action.send(outcomeOf(call), `${name} costs ${formatAmount(price)}.`)))
        return false
    }
    if (units === 0) return true
    const call = options['stock-adjustments'].$post({
      param: { id },
      json: { change: units, reason },
    })
    const done = `${name}: ${formatCount(Math.abs(units))} ${units > 0 ? 'added' : 'taken out'}.`
    return (await action.send(outcomeOf(call), done)) !== null
  }

  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="number">{formatAmount(option.price)}</td>
      <td class={`number ${free === 0 ? 'none' : ''}`}>{formatCount(free)}</td>
      <td class="number">{formatCount(held)}</td>
      <td class="number">{formatCount(sold)}</td>
      <td>
        <form class="inline" onSubmit={change}>
          <label>
            <span class="unseen">Units to add to {name}, or to take out with a minus</span>
            <input class="small" name="units" type="number" step="1" placeholder="± units" />
          </label>
          <label>
            <span class="unseen">New price of {name}</span>
            <input class="small" name="price" inputMode="decimal" placeholder="price" />
          </label>
          <button type="submit" disabled={action.isBusy}>
            Apply<span class="unseen"> to {name}</span>
          </button>
        </form>
      </td>
    </tr>
  )
}
