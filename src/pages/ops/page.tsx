import { useEffect, useMemo, useState } from 'preact/hooks'
import type { Second } from '../../live/moment.ts'
import { shopOfAddress } from '../shop-of-address.ts'
import { Books } from './books.tsx'
import { Chart, type ChartData, type Line } from './chart.tsx'
import { Coupons } from './coupons.tsx'
import { Figures } from './figures.tsx'
import { LookUp } from './look-up.tsx'
import { NewCoupon } from './new-coupon.tsx'
import { NewProduct } from './new-product.tsx'
import { OutcomeTable } from './outcome-table.tsx'
import { acceptedIn, refusedIn } from './outcomes.ts'
import { Popular } from './popular.tsx'
import { openAdminClient, openSession, type Session } from './session.ts'
import { Stock } from './stock.tsx'
import { Storm } from './storm.tsx'
import { useFeed, type Watched } from './use-feed.ts'

const lines: Line[] = [
  { label: 'Claims', color: '--claims' },
  { label: 'Orders', color: '--orders' },
  { label: 'Payments', color: '--payments' },
  { label: 'Refusals', color: '--refusals' },
]

/** The whole page: it watches one shop, which its address names. */
export function Page() {
  const [shop, setShop] = useState(shopOfAddress)
  const [session, setSession] = useState<Session | null>(null)
  const [failure, setFailure] = useState('')
  const [ownToken, setOwnToken] = useState('')
  const watched = useFeed(shop)

  useEffect(() => {
    let isWatched = true
    openSession(shop).then(
      (opened) => isWatched && setSession(opened),
      (error) => isWatched && setFailure(String(error.message ?? error)),
    )
    return () => {
      isWatched = false
    }
  }, [shop])
  const client = useMemo(
    () => session && openAdminClient(shop, session, ownToken),
    [shop, session, ownToken],
  )

  function watch(name: string): void {
    history.replaceState(null, '', `?shop=${encodeURIComponent(name)}`)
    // Until there is a new one nothing can be changed: this one's token is for the shop before.
    setSession(null)
    setFailure('')
    setShop(name)
  }

  const { state } = watched.moment ?? {}
  return (
    <>
      <header class="top">
        <img src="/icon.svg" alt="" width="32" height="32" />
        <h1>Live sale</h1>
        <label>
          Shop{' '}
          <select value={shop} onChange={({ currentTarget }) => watch(currentTarget.value)}>
            {[...new Set([shop, ...(session?.shops ?? [])])].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <Health {...watched} />
        <nav>
          <a href="/docs">API</a>
        </nav>
      </header>
      {failure !== '' && <p class="note bad">{failure}</p>}
      {session?.token === null && (
        <label class="token">
          Token of an admin of this shop, to change something:{' '}
          <input
            value={ownToken}
            onInput={({ currentTarget }) => setOwnToken(currentTarget.value)}
          />
        </label>
      )}
      <main>
        <Figures {...watched} />
        <Rates seconds={watched.seconds} />
        {client && (
          <div class="columns" key={shop}>
            <div>
              <Stock products={state?.products ?? []} client={client} />
              <NewProduct client={client} />
              <Coupons coupons={state?.coupons ?? []} client={client} />
              <NewCoupon client={client} />
            </div>
            <div>
              {session?.hasStorm && shop === 'main' && (
                <Storm getToken={() => session.token ?? ownToken} />
              )}
              <OutcomeTable seconds={watched.seconds} />
              <Popular popular={state?.popular ?? []} />
              <LookUp client={client} />
              <Books client={client} />
            </div>
          </div>
        )}
      </main>
    </>
  )
}

/** In one word how it is. */
function Health({ isConnected, moment }: Watched) {
  const [kind, text] = healthOf(isConnected, moment)
  return (
    <p class={`pill ${kind}`} role="status">
      {text}
    </p>
  )
}

function healthOf(isConnected: boolean, moment: Watched['moment']): [kind: string, text: string] {
  if (!isConnected) return ['bad', 'no connection']
  if (!moment) return ['off', 'connecting']
  if (!moment.state) return ['bad', 'Redis does not answer']
  return moment.state.isOpen ? ['good', 'open'] : ['bad', 'closed']
}

function Rates({ seconds }: { seconds: Second[] }) {
  const data = useMemo<ChartData>(
    () => [
      seconds.map(({ atMs }) => atMs / 1_000),
      ...(['claims', 'orders', 'payments'] as const).map((kind) =>
        seconds.map((second) => acceptedIn(second, kind)),
      ),
      seconds.map(refusedIn),
    ],
    [seconds],
  )
  return <Chart title="Per second" lines={lines} data={data} />
}
