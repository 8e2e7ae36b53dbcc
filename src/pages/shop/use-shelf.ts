import type { InferResponseType } from 'hono/client'
import { useEffect, useState } from 'preact/hooks'
import { outcomeOf } from '../../client/client.ts'
import { type Client, connect, listQuery } from './connection.ts'

export type Product = InferResponseType<Client['v1']['products']['$get'], 200>['items'][number]
export type Option = Product['options'][number]
export type Coupon = InferResponseType<
  Client['v1']['coupons']['claimable']['$get'],
  200
>['items'][number]

export type Shelf = {
  /** Null until the shop has answered once. */
  products: Product[] | null
  /** Whether there are older ones than these. */
  hasMoreProducts: boolean
  coupons: Coupon[]
  /** Whether the last look was in vain: what is shown is then of before. */
  isOld: boolean
}

const lookIntervalMs = 2_000
/** The first looks come sooner: each tells the clock of the shop a little better. */
const firstLooks = 4
const firstIntervalMs = 370
const lookTimeoutMs = 4_000

const unseen: Shelf = { products: null, hasMoreProducts: false, coupons: [], isOld: false }

/** What anybody can see of a shop, looked at every two seconds while somebody looks at the page. */
export function useShelf(shop: string): Shelf {
  const [shelf, setShelf] = useState(unseen)
  useEffect(() => {
    const { v1 } = connect({ shop, timeoutMs: lookTimeoutMs })
    let timer: ReturnType<typeof setTimeout>
    let isGone = false
    let looks = 0
    async function look() {
      const [products, coupons] = await Promise.all([
        outcomeOf(v1.products.$get({ query: listQuery })).catch(() => null),
        outcomeOf(v1.coupons.claimable.$get({ query: {} })).catch(() => null),
      ])
      if (isGone) return
      setShelf((before) => ({
        products: products?.ok ? products.body.items : before.products,
        hasMoreProducts: products?.ok ? products.body.nextCursor !== null : before.hasMoreProducts,
        coupons: coupons?.ok ? coupons.body.items : before.coupons,
        isOld: !products?.ok || !coupons?.ok,
      }))
      looks += 1
      timer = setTimeout(lookIfSeen, looks < firstLooks ? firstIntervalMs : lookIntervalMs)
    }
    function lookIfSeen() {
      if (document.visibilityState === 'visible') void look()
      else document.addEventListener('visibilitychange', lookIfSeen, { once: true })
    }
    void look()
    return () => {
      isGone = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', lookIfSeen)
    }
  }, [shop])
  return shelf
}
