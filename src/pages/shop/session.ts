import { outcomeOf } from '../../client/client.ts'
import type { DemoBuyer, ShopSession } from '../../http/shop-session.ts'
import type { Buyer } from './connection.ts'

const place = 'stampede.buyer'
const sessionPath = '/shop/session'

/** What a token says of its bearer. Only the server can tell whether it is true. */
type Claims = { sub?: unknown; role?: unknown; shop?: unknown }

/** Whose token it is, or why this page does not take it. */
export function readToken(token: string): Buyer | string {
  const [, payload = '', ...rest] = token.trim().split('.')
  let claims: Claims
  try {
    claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return 'This is not a token: it has three parts with dots between them.'
  }
  const { sub, role = 'user', shop = 'main' } = claims
  if (rest.length !== 1 || typeof sub !== 'string' || typeof shop !== 'string') {
    return 'This token names no buyer.'
  }
  // It would work, and lie in the browser's storage afterwards.
  if (role !== 'user') return 'This is the token of an operator. Take one of a buyer.'
  return { token: token.trim(), userId: sub, shop }
}

/**
 * Takes the buyer's token out of the address (`#token=…`), which never reaches a server, or out of this tab's storage.
 * The address loses it at once: it would stay in the history, and in what people copy.
 */
export function findBuyer(): Buyer | string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null) {
    history.replaceState(null, '', location.pathname + location.search)
    const buyer = readToken(given)
    if (typeof buyer !== 'string') keepBuyer(buyer)
    return buyer
  }
  const kept = sessionStorage.getItem(place)
  const buyer = kept === null ? null : readToken(kept)
  return typeof buyer === 'string' ? null : buyer
}

/** Stays signed in until the tab closes; another tab is another buyer. */
export function keepBuyer(buyer: Buyer | null): void {
  if (buyer) sessionStorage.setItem(place, buyer.token)
  else sessionStorage.removeItem(place)
}

/** Whether demo buyers can be had here. */
export async function hasDemoBuyers(): Promise<boolean> {
  const answer = await fetch(sessionPath).catch(() => null)
  if (!answer?.ok) return false
  return ((await answer.json()) as ShopSession).hasDemoBuyers
}

/** Becomes a new demo buyer, or tells why not. */
export async function enterAsDemoBuyer(shop: string): Promise<Buyer | string> {
  const asking = fetch(sessionPath, { method: 'POST', headers: { 'x-shop': shop } })
  const outcome = await outcomeOf<Response>(asking).catch(() => null)
  if (!outcome) return 'The shop did not answer. Try again.'
  if (!outcome.ok) return outcome.problem.detail
  return readToken((outcome.body as DemoBuyer).token)
}
