import { useState } from 'preact/hooks'
import { shopOfAddress } from '../shop-of-address.ts'
import { Controls } from './controls.tsx'
import { Figures } from './figures.tsx'
import type { Watched } from './heard.ts'
import { Rates } from './rates.tsx'
import { useFeed } from './use-feed.ts'

/** Every process tells each second what it decided, also that it was nothing: so long none may be late. */
const silentSecondsMax = 10

/** The whole page: it watches one shop, which its address names. */
export function Page() {
  const [shop, setShop] = useState(shopOfAddress)
  const [shops, setShops] = useState<string[]>([])
  const watched = useFeed(shop)

  function watch(name: string): void {
    history.replaceState(null, '', `?shop=${encodeURIComponent(name)}`)
    setShop(name)
  }

  return (
    <>
      <header class="top">
        <img src="/icon.svg" alt="" width="32" height="32" />
        <h1>Live sale</h1>
        <label>
          Shop{' '}
          <select value={shop} onChange={({ currentTarget }) => watch(currentTarget.value)}>
            {[...new Set([shop, ...shops])].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <Health {...watched} />
        <nav>
          <a href={`/shop?shop=${encodeURIComponent(shop)}`}>Shop</a>
          <a href="/admin/queues">Queues</a>
          <a href="/docs">API</a>
        </nav>
      </header>
      <main>
        <Figures {...watched} />
        <Rates seconds={watched.seconds} />
        <Controls key={shop} shop={shop} watched={watched} tellShops={setShops} />
      </main>
    </>
  )
}

/** In one word how it is. */
function Health(watched: Watched) {
  const [kind, text] = healthOf(watched)
  return (
    <p class={`pill ${kind}`} role="status">
      {text}
    </p>
  )
}

function healthOf(watched: Watched): [kind: string, text: string] {
  const { isConnected, state, fault, silentSeconds, refusal } = watched
  if (isConnected === false) return ['bad', refusal === '' ? 'no connection' : refusal]
  if (fault === 'unavailable') return ['bad', 'Redis does not answer']
  if (fault === 'lost') return ['bad', 'closed: Redis does not have this shop']
  if (!state) return ['off', 'connecting']
  if (!state.isOpen) return ['bad', 'closed']
  if (silentSeconds > silentSecondsMax) return ['bad', 'open, but nobody tells what is decided']
  return ['good', 'open']
}
