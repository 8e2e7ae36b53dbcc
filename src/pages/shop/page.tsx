import { useEffect, useMemo, useState } from 'preact/hooks'
import { formatAmount } from '../format-amount.ts'
import { shopOfAddress } from '../shop-of-address.ts'
import { formatLeft } from './amounts.ts'
import { Bag } from './bag.tsx'
import { CodeForm } from './code-form.tsx'
import { type Buyer, clock } from './connection.ts'
import { CouponCard } from './coupon-card.tsx'
import { NewsAt } from './news.tsx'
import { Orders } from './orders.tsx'
import { type Choice, ProductCard } from './product-card.tsx'
import { explanations } from './refusals.ts'
import { findBuyer, keepBuyer, takeBuyerOfAddress } from './session.ts'
import { SignIn } from './sign-in.tsx'
import { useAccount } from './use-account.ts'
import { useDeeds } from './use-deeds.ts'
import { useShelf } from './use-shelf.ts'

const { unauthorized } = explanations
const unauthorizedWords = `${unauthorized.title}. ${unauthorized.next}`

/** A browser's clock that is off by less hurts nobody. */
const skewShownMs = 5_000

export function Page() {
  const found = useMemo(findBuyer, [])
  const [fault, setFault] = useState(typeof found === 'string' ? found : '')
  const [buyer, setBuyer] = useState<Buyer | null>(typeof found === 'string' ? null : found)
  const shop = buyer?.shop ?? shopOfAddress()
  const shelf = useShelf(shop)
  const { account, refresh, addClaim } = useAccount(buyer, () => enter(null, unauthorizedWords))
  const [direct, setDirect] = useState<Choice | null>(null)
  const deeds = useDeeds(buyer, {
    refresh,
    onClaimed: addClaim,
    onOrdered: () => setDirect(null),
  })
  // Once for each buyer, not for each change of what he does.
  useEffect(() => void deeds.resume(), [buyer])

  const enter = (who: Buyer | null, why = '') => {
    setFault(why)
    keepBuyer(who)
    setBuyer(who)
    setDirect(null)
  }
  useEffect(() => {
    // An address that differs by its token alone loads no new page.
    const take = () => {
      const given = takeBuyerOfAddress()
      if (typeof given === 'string') enter(null, given)
      else if (given) enter(given)
    }
    addEventListener('hashchange', take)
    return () => removeEventListener('hashchange', take)
  }, [])
  const buyDirectly = (choice: Choice) => {
    deeds.dismiss('bag')
    setDirect(choice)
  }
  const products = shelf.products ?? []
  return (
    <>
      <header class="top">
        <h1>
          Stampede <span class="light">shop</span>
        </h1>
        {buyer && (
          <p class="buyer">
            <span class="hint">{buyer.userId}</span>
            <span class="balance">
              <span class="hint">Balance</span>{' '}
              <strong>{account.balance === null ? '…' : formatAmount(account.balance)}</strong>
            </span>
            <button type="button" class="quiet" disabled={deeds.isBusy} onClick={() => enter(null)}>
              Sign out
            </button>
          </p>
        )}
      </header>
      <p class="old" role="status">
        {shelf.isOld
          ? 'No connection to the shop: prices and stock may be old. Trying again …'
          : ''}
      </p>
      <main>
        <div class="wares">
          <section class="coupons" aria-labelledby="coupons-heading">
            <h2 id="coupons-heading">First come, first served</h2>
            <ul>
              {shelf.coupons.map((coupon) => (
                <CouponCard
                  key={coupon.id}
                  coupon={coupon}
                  own={account.coupons.filter(({ couponId }) => couponId === coupon.id)}
                  isBusy={deeds.isBusy}
                  claim={buyer && ((id) => void deeds.claim(id))}
                />
              ))}
            </ul>
            {buyer && <CodeForm deeds={deeds} />}
            <NewsAt at="coupons" deeds={deeds} />
          </section>
          <section class="products" aria-label="Products">
            {shelf.products === null && <p class="hint">Opening the shop …</p>}
            {products
              .filter(({ status }) => status !== 'INACTIVE')
              .map((product) => (
                <ProductCard
                  key={product.id}
                  product={product}
                  isBusy={deeds.isBusy}
                  buy={buyer && buyDirectly}
                  putIntoBag={
                    buyer &&
                    (({ optionId, quantity }) => {
                      setDirect(null)
                      void deeds.putIntoBag(optionId, quantity)
                    })
                  }
                />
              ))}
            {shelf.hasMoreProducts && (
              <p class="hint">There are more products. These are the newest.</p>
            )}
          </section>
        </div>
        <aside class="side">
          {buyer ? (
            <>
              <Bag
                account={account}
                products={products}
                deeds={deeds}
                direct={direct}
                backToBag={() => setDirect(null)}
              />
              <Orders
                orders={account.orders}
                hasMore={account.hasMoreOrders}
                deeds={deeds}
                refresh={refresh}
              />
            </>
          ) : (
            <SignIn key={fault} shop={shop} fault={fault} enter={enter} />
          )}
        </aside>
      </main>
      <footer>
        <p>
          Countdowns run on the clock of the shop, which its answers tell (their header{' '}
          <code>Date</code>). {describeSkew(clock.skewMs())}
        </p>
      </footer>
    </>
  )
}

function describeSkew(skewMs: number): string {
  if (Math.abs(skewMs) < skewShownMs) return ''
  return `The clock of this device is ${formatLeft(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}.`
}
