import type { InferResponseType } from 'hono/client'
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import { type Buyer, type Client, connect, listQuery } from './connection.ts'
import type { Order } from './kept-order.ts'
import { useIsStill } from './use-is-still.ts'

type Claims = Client['v1']['coupons'][':id']['claims']
export type Claim = InferResponseType<Claims['$post'], 201>
type Me = Client['v1']['me']
export type UserCoupon = InferResponseType<Me['coupons']['$get'], 200>['items'][number]
export type Cart = InferResponseType<Me['cart']['$get'], 200>

export type Account = {
  /** Null until it is known. */
  balance: number | null
  coupons: UserCoupon[]
  hasMoreCoupons: boolean
  orders: Order[]
  hasMoreOrders: boolean
  cart: Cart
}

const empty: Account = {
  balance: null,
  coupons: [],
  hasMoreCoupons: false,
  orders: [],
  hasMoreOrders: false,
  cart: { items: [], total: 0 },
}
const lookTimeoutMs = 4_000

/** What a buyer has: read when he comes, and after each thing that he does. */
export function useAccount(buyer: Buyer | null, onUnauthorized: () => void) {
  const [account, setAccount] = useState(empty)
  const [claimed, setClaimed] = useState<UserCoupon[]>([])
  const isStill = useIsStill(buyer)
  const looks = useRef(0)
  const refresh = useCallback(async () => {
    if (!isStill()) return
    looks.current += 1
    const look = looks.current
    // What an older look answers late is not how it is any more.
    const isNewest = () => look === looks.current
    if (!buyer) return
    const { me } = connect({ buyer, timeoutMs: lookTimeoutMs }).v1
    const balance = outcomeOf(me.balance.$get()).then((outcome) => {
      if (outcome.status === 401 && isNewest()) onUnauthorized()
      return outcome
    })
    // Each is shown as soon as it is there: coupons come from Postgres, which may be away while all else goes on.
    const take = <Body>(asked: Promise<{ ok: true; body: Body } | { ok: false }>) => ({
      into: (change: (body: Body) => Partial<Account>) =>
        asked.then(
          (outcome) => {
            if (!outcome.ok || !isNewest()) return
            setAccount((now) => ({ ...now, ...change(outcome.body) }))
          },
          () => {},
        ),
    })
    await Promise.all([
      take(balance).into((body) => body),
      take(outcomeOf(me.cart.$get())).into((cart) => ({ cart })),
      take(outcomeOf(me.orders.$get({ query: listQuery }))).into(({ items, nextCursor }) => ({
        orders: items,
        hasMoreOrders: nextCursor !== null,
      })),
      take(outcomeOf(me.coupons.$get({ query: listQuery }))).into(({ items, nextCursor }) => ({
        coupons: items,
        hasMoreCoupons: nextCursor !== null,
      })),
    ])
  }, [buyer])
  /** Shows a coupon that Postgres may not have yet: it can be used from the moment of its claim. */
  const addClaim = useCallback(
    async ({ couponId, ...claim }: Claim) => {
      const { v1 } = connect({ buyer, timeoutMs: lookTimeoutMs })
      const asked = outcomeOf(v1.coupons[':id'].$get({ param: { id: couponId } }))
      const coupon = await asked.catch(() => null)
      if (!coupon?.ok || !isStill()) return
      const { name: couponName, discountType, discountValue } = coupon.body
      const { maxDiscountAmount, minOrderAmount } = coupon.body
      const terms = { discountType, discountValue, maxDiscountAmount, minOrderAmount }
      const unused = { usedAt: null, orderId: null, paymentId: null }
      setClaimed((all) => [...all, { ...claim, couponId, couponName, ...terms, ...unused }])
    },
    [buyer],
  )
  useLayoutEffect(() => {
    setAccount(empty)
    setClaimed([])
    void refresh()
  }, [refresh])
  return { account: withClaimed(account, claimed), refresh, addClaim }
}

/** The account with those coupons that its list lacks so far, and no order has taken. */
function withClaimed(account: Account, claimed: UserCoupon[]): Account {
  const known = new Set([
    ...account.coupons.map(({ userCouponId }) => userCouponId),
    ...account.orders.map(({ userCouponId }) => userCouponId),
  ])
  const missing = claimed.filter(({ userCouponId }) => !known.has(userCouponId))
  return { ...account, coupons: [...missing, ...account.coupons] }
}
