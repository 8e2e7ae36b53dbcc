import { useEffect, useMemo, useState } from 'preact/hooks'
import { Books } from './books.tsx'
import { Coupons } from './coupons.tsx'
import { DeadLetters } from './dead-letters.tsx'
import type { Watched } from './heard.ts'
import { LookUp } from './look-up.tsx'
import { NewCoupon } from './new-coupon.tsx'
import { NewProduct } from './new-product.tsx'
import { OutcomeTable } from './outcome-table.tsx'
import { Popular } from './popular.tsx'
import { openAdmin, openSession, type Session } from './session.ts'
import { Stock } from './stock.tsx'
import { Storm } from './storm.tsx'
import { TokenField } from './token-field.tsx'

type Props = {
  shop: string
  watched: Watched
  /** Told which shops there are. */
  tellShops: (shops: string[]) => void
}

/**
 * What an operator looks up and changes in one shop. Another shop gets another one of these, so that nothing of this
 * one is left: neither its session and token, nor what was typed, nor an answer that is still on its way.
 */
export function Controls({ shop, watched, tellShops }: Props) {
  const [session, setSession] = useState<Session | null>(null)
  const [failure, setFailure] = useState('')
  const [ownToken, setOwnToken] = useState('')
  /** Null while nothing can be changed: what is shown then is what the feed tells. */
  const admin = useMemo(() => {
    const hasToken = session !== null && (session.token !== null || ownToken !== '')
    return hasToken ? openAdmin(shop, session, ownToken) : null
  }, [shop, session, ownToken])
  const client = admin?.client ?? null

  async function open(): Promise<void> {
    setFailure('')
    try {
      const opened = await openSession(shop)
      setSession(opened)
      tellShops(opened.shops)
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error))
    }
  }
  useEffect(() => void open(), [])

  const { state, seconds, proof } = watched
  // That there is none is known from Postgres only.
  const coupons = state?.hasPostgres || state?.coupons.length ? state.coupons : null
  return (
    <>
      {failure !== '' && (
        <p class="note bad" role="alert">
          Nothing can be changed here: {failure}{' '}
          <button type="button" onClick={open}>
            Try again
          </button>
        </p>
      )}
      {session?.token === null && <TokenField shop={shop} use={setOwnToken} />}
      <div class="columns">
        <div>
          <Stock
            products={state?.products ?? null}
            hasMore={state?.hasMore.products ?? false}
            client={client}
          />
          {client && <NewProduct client={client} />}
          <Coupons coupons={coupons} hasMore={state?.hasMore.coupons ?? false} client={client} />
          {client && <NewCoupon client={client} />}
        </div>
        <div>
          {admin && session?.hasStorm && shop === 'main' && <Storm ask={admin.fetch} />}
          <OutcomeTable seconds={seconds} />
          <Popular popular={state?.popular ?? null} hasMore={state?.hasMore.popular ?? false} />
          {admin && (
            <>
              <LookUp client={admin.client} />
              <Books client={admin.patient} told={proof} />
              <DeadLetters
                client={admin.client}
                patient={admin.patient}
                count={state?.deadLetters ?? 0}
              />
            </>
          )}
        </div>
      </div>
    </>
  )
}
