import type { ComponentChildren } from 'preact'
import { outcomeOf } from '../../client/client.ts'
import type { HotOption, HotProduct } from '../../engine/reads.ts'
import { formatAmount } from '../format-amount.ts'
import { Bar } from './bar.tsx'
import { textsOf } from './fields.ts'
import { formatCount, formatStatus, formatTime } from './format.ts'
import { NoteLine } from './note.tsx'
import { OptionTerms } from './option-terms.tsx'
import { Question } from './question.tsx'
import type { AdminClient } from './session.ts'
import { type Action, useAction } from './use-action.ts'
import { WaitingRoom } from './waiting-room.tsx'
import { Wide } from './wide.tsx'

type Props = {
  /** Null until they are known. */
  products: HotProduct[] | null
  /** Whether there are older ones than these. */
  hasMore: boolean
  /** Null where nothing can be changed. */
  client: AdminClient | null
}

/** What is on sale, and what an operator changes of it. */
export function Stock({ products, hasMore, client }: Props) {
  return (
    <section aria-labelledby="stock">
      <h2 id="stock">Stock</h2>
      {products?.length === 0 && <p class="quiet">There is no product yet.</p>}
      {products?.map((product) => (
        <Product key={product.id} product={product} client={client} />
      ))}
      {hasMore && (
        <p class="quiet">
          There are more, which are older: <em>Look up</em> finds them. Those that sell best today
          are here as well.
        </p>
      )}
    </section>
  )
}

function Product({ product, client }: { product: HotProduct; client: AdminClient | null }) {
  const action = useAction()
  const total = (units: 'free' | 'held' | 'sold') =>
    product.options.reduce((sum, option) => sum + option[units], 0)
  return (
    <details class="product">
      <summary>
        <h3>{product.name}</h3>
        <span class={`pill ${product.status === 'ACTIVE' ? 'good' : 'off'}`}>
          {formatStatus(product.status)}
        </span>
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
              {client && <th scope="col">Change</th>}
            </tr>
          </thead>
          <tbody>
            {product.options.map((option) => (
              <Option key={option.id} option={option}>
                {client && <OptionActions option={option} client={client} action={action} />}
              </Option>
            ))}
          </tbody>
        </table>
      </Wide>
      {client && <SaleSwitch product={product} client={client} action={action} />}
      <NoteLine note={action.note} />
    </details>
  )
}

/** The button that takes a product off sale, and the one that puts it back. */
function SaleSwitch(props: { product: HotProduct; client: AdminClient; action: Action }) {
  const { product, client, action } = props
  const set = (status: 'ACTIVE' | 'INACTIVE', done: string) =>
    action.send(
      outcomeOf(client.v1.products[':id'].$patch({ param: { id: product.id }, json: { status } })),
      done,
    )
  return (
    <p class="buttons">
      {product.status === 'ACTIVE' ? (
        <Question
          label="Take off sale"
          about={product.name}
          title={`Take ${product.name} off sale?`}
          yes="Take it off sale"
          no="Leave it on sale"
          isBusy={action.isBusy}
          onYes={() => set('INACTIVE', 'It is off sale.')}
        >
          <p>From then on nobody can order it. Orders that are placed can still be paid.</p>
        </Question>
      ) : (
        <button
          type="button"
          disabled={action.isBusy}
          onClick={() => set('ACTIVE', 'It is on sale.')}
        >
          Put on sale<span class="unseen">: {product.name}</span>
        </button>
      )}
    </p>
  )
}

function Option({ option, children }: { option: HotOption; children: ComponentChildren }) {
  const { price, free, held, sold } = option
  return (
    <tr>
      <th scope="row">
        {nameOf(option)}
        {termsOf(option).map((term) => (
          <small class="term" key={term}>
            {term}
          </small>
        ))}
      </th>
      <td class="number">{formatAmount(price)}</td>
      <td class={`number ${free === 0 ? 'none' : ''}`}>{formatCount(free)}</td>
      <td class="number">{formatCount(held)}</td>
      <td class="number">{formatCount(sold)}</td>
      {children && <td>{children}</td>}
    </tr>
  )
}

function OptionActions(props: { option: HotOption; client: AdminClient; action: Action }) {
  const { option, client, action } = props
  const { id } = option
  const name = nameOf(option)

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
  )
}

const nameOf = ({ optionValue }: HotOption) => optionValue ?? 'the only one'

/** What holds for an option beside its price. */
function termsOf({ perUserLimit, saleStartsAt, saleEndsAt }: HotOption): string[] {
  return [
    perUserLimit === undefined ? '' : `at most ${formatCount(perUserLimit)} each`,
    saleStartsAt === undefined ? '' : `from ${formatTime(saleStartsAt)}`,
    saleEndsAt === undefined ? '' : `until ${formatTime(saleEndsAt)}`,
  ].filter((term) => term !== '')
}
