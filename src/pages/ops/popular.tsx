import type { ShopState } from '../../live/moment.ts'
import { formatCount } from './format.ts'

/** What sells best today. */
export function Popular({ popular }: { popular: ShopState['popular'] | null }) {
  return (
    <section aria-labelledby="popular">
      <h2 id="popular">Most sold today (UTC)</h2>
      {popular?.length === 0 && <p class="quiet">Nothing was paid today.</p>}
      <ol class="popular">
        {popular?.map(({ productId, name, salesCount }) => (
          <li key={productId}>
            {name} <strong>{formatCount(salesCount)}</strong>
          </li>
        ))}
      </ol>
    </section>
  )
}
