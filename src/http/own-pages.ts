import type { Context } from 'hono'
import { type Environment, headerOf } from './environment.ts'
import type { Guard } from './guard.ts'
import { problem } from './problem.ts'

/**
 * Whether a page of this server makes the request, or what is no browser and could say anything. Browsers tell by
 * `Sec-Fetch-Site`, which no page can set; one that is too old for it sends at least `Origin` where it matters.
 */
export function isFromOwnPage(c: Context<Environment>): boolean {
  const site = headerOf(c, 'sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  const origin = headerOf(c, 'origin')
  if (origin === undefined) return true
  // Not the scheme: behind a proxy that ends TLS it is another one here.
  return URL.canParse(origin) && new URL(origin).host === new URL(c.req.url).host
}

/**
 * Refuses what a page of somebody else makes a browser ask for. The browser would send the operator's password along,
 * or come from this machine. Where the operator follows a link he is let pass: he sees what he gets, and that page
 * does not.
 */
export const refuseForeignPages: Guard = (c) => {
  if (isFromOwnPage(c) || isOpenedByUser(c)) return undefined
  return problem(c, 'forbidden', { detail: 'A page of somebody else may not ask for this.' })
}

function isOpenedByUser(c: Context<Environment>): boolean {
  if (c.req.method !== 'GET') return false
  const isNavigation =
    headerOf(c, 'sec-fetch-mode') === 'navigate' && headerOf(c, 'sec-fetch-dest') === 'document'
  return isNavigation || headerOf(c, 'sec-fetch-site') === 'none'
}
