import { useId, useState } from 'preact/hooks'
import { formatAmount } from '../format-amount.ts'
import { Countdown } from './countdown.tsx'
import { ProductArt } from './product-art.tsx'
import { usePhase } from './use-now.ts'
import type { Option, Product } from './use-shelf.ts'

const fewUnits = 10
const quantityMax = 10

export type Choice = { optionId: string; quantity: number }

type Props = {
  product: Product
  isBusy: boolean
  /** Null where nobody is signed in, who could do it. */
  buy: ((choice: Choice) => void) | null
  putIntoBag: ((choice: Choice) => void) | null
}

/** A product with its options, and the way to buy one of them. */
export function ProductCard({ product, ...deeds }: Props) {
  const [chosenId, choose] = useState<string | null>(null)
  const { options } = product
  const option = options.find(({ id }) => id === chosenId) ?? firstChoice(options)
  const headingId = useId()
  return (
    <article class="product" aria-labelledby={headingId} data-product={product.id}>
      <ProductArt id={product.id} />
      <div class="about">
        {product.brand && <p class="brand">{product.brand}</p>}
        <h2 id={headingId}>{product.name}</h2>
        {product.description && <p class="description">{product.description}</p>}
        {options.length > 1 && option && (
          <Options name={headingId} options={options} chosen={option} choose={choose} />
        )}
        {option && <Offer key={option.id} option={option} product={product} {...deeds} />}
      </div>
    </article>
  )
}

function firstChoice(options: Option[]): Option | undefined {
  return options.find(({ stock }) => stock > 0) ?? options[0]
}

type OptionsProps = {
  name: string
  options: Option[]
  chosen: Option
  choose: (id: string) => void
}

function Options({ name, options, chosen, choose }: OptionsProps) {
  return (
    <fieldset class="options">
      <legend class="unseen">Choose</legend>
      {options.map(({ id, optionValue, stock }) => (
        <label key={id} class={stock === 0 ? 'option gone' : 'option'}>
          <input type="radio" name={name} checked={id === chosen.id} onChange={() => choose(id)} />
          <span>{optionValue ?? 'Standard'}</span>
        </label>
      ))}
    </fieldset>
  )
}

/** The price, the time and the stock of an option, and its buttons. */
function Offer({ option, product, isBusy, buy, putIntoBag }: Props & { option: Option }) {
  const [quantity, setQuantity] = useState(1)
  const { phase, leftMs } = usePhase(option.saleStartsAt, option.saleEndsAt)
  const most = Math.min(quantityMax, option.perUserLimit ?? quantityMax)
  const choice = { optionId: option.id, quantity }
  return (
    <>
      <p class="price">{formatAmount(option.price)}</p>
      {phase !== 'over' && <StockHint option={option} />}
      {phase === 'before' && <Countdown label="The sale opens in" leftMs={leftMs} />}
      {phase === 'open' && option.saleEndsAt && <Countdown label="Ends in" leftMs={leftMs} />}
      {phase === 'over' && <p class="hint">The sale is over.</p>}
      <p class="unseen" role="status">
        {phase === 'open' && option.saleStartsAt ? `${product.name}: the sale is open.` : ''}
      </p>
      <div class="buttons">
        <label class="quantity">
          <span class="unseen">How many</span>
          <select
            value={quantity}
            onChange={(event) => setQuantity(Number(event.currentTarget.value))}
          >
            {Array.from({ length: most }, (_, index) => (
              <option key={index + 1} value={index + 1}>
                {index + 1}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="main"
          disabled={phase !== 'open' || isBusy || !buy}
          onClick={() => buy?.(choice)}
        >
          {labelOf(phase, option.stock)}
        </button>
        <button
          type="button"
          disabled={isBusy || !putIntoBag || phase === 'over'}
          onClick={() => putIntoBag?.(choice)}
        >
          Put into bag
        </button>
      </div>
      {!buy && <p class="hint">Sign in to buy.</p>}
    </>
  )
}

function labelOf(phase: string, stock: number): string {
  if (phase === 'before') return 'Not yet'
  if (phase === 'over') return 'Over'
  return stock > 0 ? 'Buy' : 'Try anyway'
}

/** The stock is of a moment ago, and others buy too: the order decides. */
function StockHint({ option: { stock, perUserLimit } }: { option: Option }) {
  const limit = perUserLimit === null ? '' : ` At most ${perUserLimit} for each buyer.`
  if (stock === 0) {
    return (
      <p class="hint few">None free now. What others reserve and do not pay comes back.{limit}</p>
    )
  }
  if (stock <= fewUnits) {
    return (
      <p class="hint few">
        Only {stock} left a moment ago.{limit}
      </p>
    )
  }
  return (
    <p class="hint">
      {stock} left a moment ago.{limit}
    </p>
  )
}
