import { waitUntilPast } from './deadlines.ts'
import { placeOrder } from './order.ts'
import { visitInParallel } from './parallel.ts'
import { buyersAtOnce, type Sale } from './sale.ts'

/** Those who took their time with a coupon that does not last: it is refused, and they pay without it. */
export async function serveLateBuyers(sale: Sale): Promise<void> {
  const late = sale.plan.buyers.filter(({ isLate }) => isLate)
  const claims = late.flatMap((buyer) => sale.books.claims.get(sale.userId(buyer)) ?? [])
  await waitUntilPast(claims.flatMap(({ expiresAt }) => expiresAt ?? []))
  await visitInParallel(late, buyersAtOnce, async (buyer) => {
    const key = `${sale.run}-late-${buyer.number}`
    await placeOrder(sale, buyer, { key, ending: 'pay_at_once', repeat: buyer.order.repeat })
  })
}
