import { useState } from 'preact/hooks'
import { textsOf } from './fields.ts'
import { findTokenFault } from './own-token.ts'

/**
 * Where an operator brings a token of his own. It is used when he says so: what is not typed to its end would be
 * refused with every letter.
 */
export function TokenField({ shop, use }: { shop: string; use: (token: string) => void }) {
  const [fault, setFault] = useState('')

  function take(event: SubmitEvent): void {
    event.preventDefault()
    const token = textsOf(event.currentTarget as HTMLFormElement)('token')
    const found = findTokenFault(token, shop)
    setFault(found)
    use(found === '' ? token : '')
  }

  return (
    <form class="token" onSubmit={take}>
      <label>
        Token of an admin of this shop, to change something:{' '}
        <input name="token" required autocomplete="off" />
      </label>{' '}
      <button type="submit">Use it</button>{' '}
      <span class="note bad" role="status">
        {fault}
      </span>
    </form>
  )
}
