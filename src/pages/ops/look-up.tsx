import { useState } from 'preact/hooks'
import { type Outcome, outcomeOf } from '../../client/client.ts'
import { formatAmount } from '../format-amount.ts'
import { formatCount, formatStatus, formatTime } from './format.ts'
import type { AdminClient } from './session.ts'
import { describeProblem, describeSilence } from './use-action.ts'

/** Finds whatever has an id: a user with his orders and coupons, an order, a product or a coupon. */
export function LookUp({ client }: { client: AdminClient }) {
  const [found, setFound] = useState<Found | null>(null)
  const [isBusy, setBusy] = useState(false)

  async function lookUp(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const id = String(new FormData(event.currentTarget as HTMLFormElement).get('id')).trim()
    setBusy(true)
    setFound(await find(client, id).catch((error) => ({ id, failure: describeSilence(error) })))
    setBusy(false)
  }

  return (
    <section aria-labelledby="look-up">
      <h2 id="look-up">Look up</h2>
      <form class="inline" onSubmit={lookUp}>
        <label>
          <span class="unseen">Id of a user, an order, a product, a coupon or a user coupon</span>
          <input class="large" name="id" required placeholder="user, order, product, coupon" />
        </label>
        <button type="submit" disabled={isBusy}>
          Look up
        </button>
      </form>
      <div role="status">{found && <Answer {...found} />}</div>
    </section>
  )
}

type Account = { id: string; name: string | null; email: string | null; balance: number }
type Order = {
  id: string
  userId: string
  status: string
  finalAmount: number
  orderedAt: string
  items: { id: string; productName: string; optionValue: string | null; quantity: number }[]
}
type UserCoupon = {
  userCouponId: string
  couponName: string
  status: string
  rank: number
  issuedAt: string
  userId?: string
}
type Product = {
  id: string
  name: string
  status: string
  options: { id: string; optionValue: string | null; price: number; stock: number }[]
}
type Coupon = {
  id: string
  name: string
  status: string
  remainingQuantity: number
  issuedQuantity: number
  usedQuantity: number
}
type Found = {
  id: string
  failure?: string
  product?: Product
  coupon?: Coupon
  user?: Account | null
  orders?: Order[]
  coupons?: UserCoupon[]
  /** Whether there are older orders or coupons than these. */
  hasMore?: boolean
}

async function find(client: AdminClient, id: string): Promise<Found> {
  // Somebody has typed it: it may be anything.
  const param = { id: encodeURIComponent(id) }
  // Only the id of a user coupon has a dot.
  if (id.includes('.')) {
    const coupon = await outcomeOf(client.v1['user-coupons'][':id'].$get({ param }))
    return { id, ...failureOf([coupon]), coupons: coupon.ok ? [coupon.body] : [] }
  }
  const [order, product, coupon] = await Promise.all([
    outcomeOf(client.v1.orders[':id'].$get({ param })),
    outcomeOf(client.v1.products[':id'].$get({ param })),
    outcomeOf(client.v1.coupons[':id'].$get({ param })),
  ])
  if (order.ok) return { id, orders: [order.body] }
  if (product.ok) return { id, product: product.body }
  if (coupon.ok) return { id, coupon: coupon.body }
  const users = client.v1.users[':id']
  const [user, orders, coupons] = await Promise.all([
    outcomeOf(users.$get({ param })),
    outcomeOf(users.orders.$get({ param, query: {} })),
    outcomeOf(users.coupons.$get({ param, query: {} })),
  ])
  return {
    id,
    ...failureOf([order, product, coupon, user, orders, coupons]),
    user: user.ok ? user.body : null,
    orders: orders.ok ? orders.body.items : [],
    coupons: coupons.ok ? coupons.body.items : [],
    hasMore: [orders, coupons].some((page) => page.ok && page.body.nextCursor !== null),
  }
}

/** Why something could not be looked up, as against that it is not there. */
function failureOf(outcomes: Outcome<unknown>[]): { failure?: string } {
  const failed = outcomes.find(({ ok, status }) => !ok && status !== 404)
  return failed && !failed.ok ? { failure: describeProblem(failed.problem) } : {}
}

function Answer(found: Found) {
  const { id, failure, product, coupon, user, orders = [], coupons = [], hasMore = false } = found
  if (failure !== undefined) return <p class="note bad">{failure}</p>
  if (product) return <ProductFacts {...product} />
  if (coupon) return <CouponFacts {...coupon} />
  if (!user && orders.length + coupons.length === 0) {
    return <p class="quiet">No user, order, product, coupon or user coupon has the id {id}.</p>
  }
  return (
    <>
      {user && (
        <p class="facts">
          User <strong>{user.id}</strong> {user.name} {user.email} · balance{' '}
          {formatAmount(user.balance)}
        </p>
      )}
      <ul class="found">
        {orders.map((order) => (
          <li key={order.id}>
            Order <code>{order.id}</code> of {order.userId}:{' '}
            <strong>{formatStatus(order.status)}</strong>, {formatAmount(order.finalAmount)},{' '}
            {formatTime(order.orderedAt)}
            {order.items.map((item) => (
              <small key={item.id}>
                {item.quantity} × {item.productName} {item.optionValue}
              </small>
            ))}
          </li>
        ))}
        {coupons.map((coupon) => (
          <li key={coupon.userCouponId}>
            Coupon <code>{coupon.userCouponId}</code>:{' '}
            <strong>{formatStatus(coupon.status)}</strong>, claim {coupon.rank} of{' '}
            {coupon.couponName}
            {coupon.userId !== undefined && ` by ${coupon.userId}`}, {formatTime(coupon.issuedAt)}
          </li>
        ))}
      </ul>
      {hasMore && <p class="quiet">These are the newest. There are more.</p>}
    </>
  )
}

function ProductFacts({ id, name, status, options }: Product) {
  return (
    <div class="found">
      <p class="facts">
        Product <code>{id}</code> {name}: <strong>{formatStatus(status)}</strong>
      </p>
      {options.map((option) => (
        <small key={option.id}>
          Option <code>{option.id}</code> {option.optionValue}: {formatAmount(option.price)},{' '}
          {formatCount(option.stock)} free
        </small>
      ))}
    </div>
  )
}

function CouponFacts(coupon: Coupon) {
  const { id, name, status, remainingQuantity, issuedQuantity, usedQuantity } = coupon
  return (
    <p class="facts">
      Coupon <code>{id}</code> {name}: <strong>{formatStatus(status)}</strong>,{' '}
      {formatCount(remainingQuantity)} left · {formatCount(issuedQuantity)} claimed ·{' '}
      {formatCount(usedQuantity)} used
    </p>
  )
}
