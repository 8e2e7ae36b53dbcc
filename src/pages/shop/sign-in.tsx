import type { TargetedSubmitEvent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Buyer } from './connection.ts'
import { enterAsDemoBuyer, hasDemoBuyers, readToken } from './session.ts'

type Props = {
  shop: string
  /** Why the buyer is not in, or not any more; may be empty. */
  fault: string
  enter: (buyer: Buyer) => void
}

/** The way in: as a demo buyer where the shop makes them, else with a token that the buyer brings. */
export function SignIn({ shop, fault, enter }: Props) {
  const [isDemo, setDemo] = useState<boolean | null>(null)
  const [words, say] = useState(fault)
  const [isBusy, setBusy] = useState(false)
  useEffect(() => {
    void hasDemoBuyers().then(setDemo)
  }, [])
  const take = (buyer: Buyer | string) => {
    if (typeof buyer === 'string') say(buyer)
    else enter(buyer)
  }
  const becomeDemoBuyer = async () => {
    setBusy(true)
    take(await enterAsDemoBuyer(shop))
    setBusy(false)
  }
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    take(readToken(String(new FormData(event.currentTarget).get('token') ?? '')))
  }
  return (
    <section class="sign-in" aria-labelledby="sign-in-heading">
      <h2 id="sign-in-heading">Come in</h2>
      {isDemo === true && (
        <>
          <p>This shop is a demonstration: you get a buyer of your own, with a balance to spend.</p>
          <button
            type="button"
            class="main"
            disabled={isBusy}
            onClick={() => void becomeDemoBuyer()}
          >
            Shop as a demo buyer
          </button>
          <p class="hint">Another tab is another buyer.</p>
        </>
      )}
      {isDemo === false && (
        <form onSubmit={submit}>
          <label for="token">Your token</label>
          <input id="token" name="token" autocomplete="off" spellcheck={false} required />
          <button type="submit" class="main">
            Sign in
          </button>
          <p class="hint">
            A buyer's token, as <code>npm run -s token -- --sub alice</code> prints it.
          </p>
        </form>
      )}
      <p class="fault" role="status">
        {words}
      </p>
    </section>
  )
}
