import { openClient } from '../../client/client.ts'
import type { Fetch, RetryOptions } from '../../client/retrying-fetch.ts'
import { openServerClock } from './clock.ts'

/** How much of a list is shown: one page of the API, and that there is more. */
export const listQuery = { limit: '100' }

/** The shop's clock, which every answer to this page tells. */
export const clock = openServerClock()

export type Buyer = {
  token: string
  userId: string
  shop: string
}

export type ConnectOptions = {
  /** Who asks; without it, anybody in `shop`. */
  buyer?: Buyer | null
  shop?: string
  /** Time for a request and all its repetitions. */
  timeoutMs?: number
  /** The passes of the buyer, which every request carries. */
  passes?: { header(): string }
  onRepeat?: RetryOptions['onRepeat']
}

/** A client of this server whose answers set the clock. */
export function connect({
  buyer,
  shop = 'main',
  timeoutMs,
  passes,
  onRepeat,
}: ConnectOptions = {}) {
  const carry: Fetch = async (input, init) => {
    const sentMs = performance.now()
    const headers = new Headers(init?.headers)
    const admission = passes?.header()
    if (admission) headers.set('x-admission', admission)
    const answer = await fetch(input, { ...init, headers })
    clock.observe(answer.headers.get('date'), sentMs, performance.now())
    return answer
  }
  return openClient(location.origin, {
    fetch: carry,
    ...(buyer ? { token: buyer.token } : { shop }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(onRepeat && { onRepeat }),
  })
}

export type Client = ReturnType<typeof connect>
