import { outcomeOf } from '../../client/client.ts'
import { openRetryingFetch } from '../../client/retrying-fetch.ts'
import type { DemoBuyer, ShopSession } from '../../http/shop-session.ts'
import { readClaims } from '../token-claims.ts'
import type { Buyer } from './connection.ts'

const place = 'stampede.buyer'
const sessionPath = '/shop/session'

/** Whose token it is, or why this page does not take it. */
export function readToken(token: string): Buyer | string {
  const claims = readClaims(token)
  if (!claims) return 'This is not a token: it has three parts with dots between them.'
  const { sub, role, shop } = claims
  if (typeof sub !== 'string' || typeof shop !== 'string') return 'This token names no buyer.'
  // It would work, and lie in the browser's storage afterwards.
  if (role !== 'user') return 'This is the token of an operator. Take one of a buyer.'
  return { token: token.trim(), userId: sub, shop }
}

/**
 * Takes the buyer's token out of the address (`#token=…`), which never reaches a server. The address loses it at once:
 * it would stay in the history, and in what people copy.
 *
 * @returns whose it is, or why this page does not take it; null where there is none.
 */
export function takeBuyerOfAddress(): Buyer | string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given === null) return null
  history.replaceState(null, '', location.pathname + location.search)
  return readToken(given)
}

/** Whom the address names, or else who is signed in in this tab; see `takeBuyerOfAddress`. */
export function findBuyer(): Buyer | string | null {
  const given = takeBuyerOfAddress()
  if (typeof given === 'string') return given
  if (given) {
    keepBuyer(given)
    return given
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

/** Whether demo buyers can be had here. While the shop does not answer, it is asked again. */
export async function hasDemoBuyers(): Promise<boolean> {
  const asking = openRetryingFetch()(sessionPath)
  const outcome = await outcomeOf<Response>(asking).catch(() => null)
  return outcome?.ok === true && (outcome.body as ShopSession).hasDemoBuyers
}

/** Becomes a new demo buyer, or tells why not. */
export async function enterAsDemoBuyer(shop: string): Promise<Buyer | string> {
  const asking = fetch(sessionPath, { method: 'POST', headers: { 'x-shop': shop } })
  const outcome = await outcomeOf<Response>(asking).catch(() => null)
  if (!outcome) return 'The shop did not answer. Try again.'
  if (!outcome.ok) return outcome.problem.detail
  return readToken((outcome.body as DemoBuyer).token)
}
