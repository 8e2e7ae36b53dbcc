import type { ShopState } from '../../live/moment.ts'
import { formatCount } from './format.ts'

/** What sells best today. */
export function Popular(props: { popular: ShopState['popular'] | null; hasMore: boolean }) {
  const { popular, hasMore } = props

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
      {hasMore && <p class="quiet">These are the best. There are more.</p>}
    </section>
  )
}
