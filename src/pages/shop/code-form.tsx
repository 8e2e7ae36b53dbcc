import type { TargetedSubmitEvent } from 'preact'
import type { Deeds } from './use-deeds.ts'

/** For coupons that are not on show: who was given a code claims by it. */
export function CodeForm({ deeds }: { deeds: Deeds }) {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const code = String(new FormData(event.currentTarget).get('code') ?? '')
    void deeds.claimByCode(code.trim())
  }
  return (
    <form class="code" onSubmit={submit}>
      <label for="code">A code?</label>
      <input id="code" name="code" autocomplete="off" spellcheck={false} required maxLength={64} />
      <button type="submit" disabled={deeds.isBusy}>
        Claim by code
      </button>
    </form>
  )
}
