import { useEffect, useState } from 'preact/hooks'
import { formatAmount } from '../format-amount.ts'
import { Countdown } from './countdown.tsx'
import type { Order } from './kept-order.ts'
import { NewsAt } from './news.tsx'
import type { Deeds } from './use-deeds.ts'
import { useNow } from './use-now.ts'

const words = {
  PENDING: 'Reserved',
  COMPLETED: 'Paid',
  CANCELLED: 'Cancelled',
  EXPIRED: 'Time is over',
  REFUNDED: 'Paid back',
} as const

type Props = { orders: Order[]; hasMore: boolean; deeds: Deeds; refresh: () => Promise<void> }

/** The buyer's orders, newest first; what is reserved can be paid or cancelled here. */
export function Orders({ orders, hasMore, deeds, refresh }: Props) {
  return (
    <section class="orders" aria-labelledby="orders-heading">
      <h2 id="orders-heading">Your orders</h2>
      <NewsAt at="orders" deeds={deeds} />
      {orders.length === 0 && <p class="hint">None yet.</p>}
      <ul>
        {orders.map((order) => (
          <li key={order.id} data-order={order.id} data-status={order.status}>
            <div class="order-head">
              <span class={`chip ${order.status.toLowerCase()}`}>{words[order.status]}</span>
              <span class="amount">{formatAmount(order.finalAmount)}</span>
            </div>
            <ul class="lines">
              {order.items.map((item) => (
                <li key={item.id}>
                  {item.quantity} × {item.productName}
                  {item.optionValue !== null && `, ${item.optionValue}`}
                </li>
              ))}
            </ul>
            {order.status === 'PENDING' && (
              <Reservation order={order} deeds={deeds} refresh={refresh} />
            )}
          </li>
        ))}
      </ul>
      {hasMore && <p class="hint">There are more orders. These are your newest.</p>}
    </section>
  )
}

function Reservation({
  order,
  deeds,
  refresh,
}: { order: Order } & Omit<Props, 'orders' | 'hasMore'>) {
  const [isOver, setOver] = useState(false)
  const leftMs = Date.parse(order.expiresAt) - useNow(!isOver)
  useEffect(() => {
    if (leftMs > 0 || isOver) return
    setOver(true)
    void refresh()
  }, [leftMs, isOver, refresh])
  return (
    <>
      <Countdown label="Held for you for" leftMs={leftMs} />
      <div class="buttons">
        <button
          type="button"
          class="main"
          disabled={deeds.isBusy}
          onClick={() => void deeds.pay(order.id)}
        >
          Pay {formatAmount(order.finalAmount)}
        </button>
        <button type="button" disabled={deeds.isBusy} onClick={() => void deeds.cancel(order.id)}>
          Cancel
        </button>
      </div>
    </>
  )
}
