import { check, sleep } from 'k6'
import http, { type RefinedResponse } from 'k6/http'
import { signToken } from './tokens.ts'

export const baseUrl = __ENV.BASE_URL || 'http://127.0.0.1:3000'

/** Refusals are answers: only what no buyer should ever see counts as a failed request. */
http.setResponseCallback(http.expectedStatuses(200, 201, 409))

export type Coupon = { id: string; totalQuantity: number; issuedQuantity: number }
export type Product = { id: string; options: { id: string; price: number; stock: number }[] }

type Verification = { ok: boolean; backlog: number; checks: { name: string; ok: boolean }[] }

/** Headers of a request in the name of a user, with an idempotency key where the route needs one. */
export function headersOf(token: string, key?: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    ...(key !== undefined && { 'idempotency-key': key }),
  }
}

/** Prefix of the names of one run, so that runs in the same shop do not meet. */
export function newRun(): string {
  return `k6-${Date.now().toString(36)}`
}

/** Creates something as an admin. Throws where the server refuses, so that the run ends before it begins. */
export function create<Body>(path: string, body: unknown): Body {
  const response = http.post(`${baseUrl}${path}`, JSON.stringify(body), {
    headers: headersOf(signToken('k6-admin', 'admin')),
  })
  if (response.status !== 201) throw new Error(`POST ${path}: ${describe(response)}`)
  return response.json() as Body
}

/** Reads something as an admin, or throws. */
export function read<Body>(path: string): Body {
  const response = http.get(`${baseUrl}${path}`, {
    headers: headersOf(signToken('k6-admin', 'admin')),
    tags: { name: `GET ${path.split('?')[0]}` },
  })
  if (response.status !== 200) throw new Error(`GET ${path}: ${describe(response)}`)
  return response.json() as Body
}

/** Asks until the condition holds, for ten seconds at most, and gives the last answer. */
export function readUntil<Body>(path: string, isReached: (body: Body) => boolean): Body {
  let body = read<Body>(path)
  for (let tries = 0; tries < 40 && !isReached(body); tries += 1) {
    sleep(0.25)
    body = read<Body>(path)
  }
  return body
}

/** Free units of all options of a product. */
export function freeUnits(product: Product): number {
  return product.options.reduce((sum, { stock }) => sum + stock, 0)
}

/** Paid units of a product that were not paid back, from the live ranking. */
export function soldUnits(productId: string): number {
  const popular = read<{ items: { productId: string; salesCount: number }[] }>(
    '/v1/products/popular?days=1&limit=100',
  )
  return popular.items.find((item) => item.productId === productId)?.salesCount ?? 0
}

/**
 * The threshold that makes a run fail whose books do not balance. A check alone is only counted; `teardown` tags its
 * checks with `part:books`, and every one of them has to hold.
 */
export const booksBalance = { 'checks{part:books}': ['rate==1'] }

/** Checks what must hold after the run: `claims` by name, and that everything is in Postgres and verified. */
export function checkBooks(claims: Record<string, boolean>): void {
  const verification = readUntil<Verification>('/v1/verify', ({ backlog }) => backlog === 0)
  const off = verification.checks.filter(({ ok }) => !ok).map(({ name }) => name)
  if (off.length > 0) console.error(`verify is off: ${off.join(', ')}`)
  const books = {
    ...claims,
    'everything is in Postgres': verification.backlog === 0,
    verify: verification.ok,
  }
  for (const [name, holds] of Object.entries(books)) checkBook(name, holds)
}

/** Checks something that must hold, or the run fails. */
export function checkBook(name: string, holds: boolean): void {
  check(null, { [name]: () => holds }, { part: 'books' })
}

/** The code of a refusal, or what kept the answer from arriving. */
export function codeOf(response: RefinedResponse<'text'>): string {
  if (response.status === 0) return response.error
  return (response.json('code') as string | undefined) ?? `status ${response.status}`
}

function describe(response: RefinedResponse<'text'>): string {
  return response.status === 0 ? response.error : `${response.status} ${response.body}`
}
