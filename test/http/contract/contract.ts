import { expect } from 'vitest'
import { limits } from '../../../src/limits.ts'
import { type Answer, type Call, tokenOf } from '../client.ts'
import type { World } from './world.ts'

/** Tells whether the request that is made is to be refused for this reason. */
export type Has = (code: string) => boolean

/** What a route takes and answers, as the contract writes it. */
export type RouteContract = {
  route: string
  /** Who may use it; `none` for what tells how the process is, which refuses nobody. */
  auth: 'none' | 'public' | 'user' | 'admin'
  /** Whether it takes an idempotency key. */
  key?: true
  /** Its own refusals, in the order in which they are looked for. */
  refusals?: readonly string[]
  /** Refusals that routes of its kind have, but not this one. */
  without?: readonly string[]
  /** Prepares a request that is refused for those of the route's own reasons that `has` names, and for no other. */
  request(has: Has): Promise<{ path: string; body?: unknown; key?: string; userId?: string }>
  status: 200 | 201
  /** The answer where nothing speaks against the request: exactly these fields. */
  answer: unknown
}

/** What `/openapi.json` says of a route. */
export type DocumentedRoute = {
  security?: Record<string, string[]>[]
  'x-refusals'?: string[]
  parameters?: { name: string; in: string }[]
  requestBody?: { required: boolean }
  responses: Record<string, { content: Record<string, { schema: object }> }>
}

/** All refusals that a route has, its own and those of its kind, in the order in which they are looked for. */
export function refusalsOf(contract: RouteContract): string[] {
  const { route, auth, key, refusals = [], without = [] } = contract
  if (auth === 'none') return []
  const isWrite = !route.startsWith('GET ')
  return [
    'rate_limited',
    'unauthorized',
    ...(auth === 'admin' ? ['forbidden'] : []),
    ...(isWrite ? ['body_too_large'] : []),
    ...(key ? ['idempotency_key_required'] : []),
    'invalid_request',
    'unavailable',
    'shop_closed',
    ...refusals,
    ...(isWrite ? ['backlog_full'] : []),
  ].filter((code) => !without.includes(code))
}

export type Request = { method: string; path: string; call: Call; send: World['call'] }

/** Prepares a request that is refused for these reasons, shared and own, and for no other. */
export async function prepare(
  world: World,
  contract: RouteContract,
  route: DocumentedRoute,
  reasons: readonly string[],
): Promise<Request> {
  const has = (code: string) => reasons.includes(code)
  const [method, template] = contract.route.split(' ') as [string, string]
  let { path, body, key, userId = 'alice' } = await contract.request(has)

  if (has('invalid_request')) {
    if (template.includes('{')) path = template.replace(/\{\w+\}/, 'not%20an%20id')
    else if (route.requestBody) body = '{'
    else path = `${template}?unknown=1`
  }
  if (has('body_too_large')) body = 'x'.repeat(limits.bodyBytesMax + 1)
  if (contract.key) key ??= `key-${world.newUser()}`
  if (has('idempotency_key_required')) key = undefined

  const shop = has('shop_closed') ? 'never-opened' : world.shop
  const isAdmin = contract.auth === 'admin' && !has('forbidden')
  const token = isAdmin ? tokenOf('operator', { shop, role: 'admin' }) : tokenOf(userId, { shop })
  let send = world.call
  if (has('backlog_full')) send = world.callWithFullBacklog
  if (has('unavailable')) send = world.callWithoutStores
  if (has('rate_limited')) send = world.callTooOften
  return {
    method,
    path,
    send,
    call: { token: has('unauthorized') ? 'no.valid.token' : token, key, body },
  }
}

/** Fails unless the answer is this refusal, in the form that all have. */
export function expectRefusal(answer: Answer, code: string) {
  expect(answer.code).toBe(code)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.body).toMatchObject({
    type: `urn:stampede:problem:${code}`,
    title: expect.any(String),
    status: answer.status,
    detail: expect.any(String),
    requestId: answer.headers.get('x-request-id'),
  })
  expect(answer.status).toBe(statusOf(code))
  expect(answer.headers.has('retry-after')).toBe([429, 503].includes(answer.status))
  expect(answer.headers.get('www-authenticate')).toBe(answer.status === 401 ? 'Bearer' : null)
  if (code === 'invalid_request') expect(answer.body.errors).not.toEqual([])
  expect(JSON.stringify(answer.body)).not.toMatch(
    /select |redis|postgres|127\.0\.0\.1|\.ts|\.lua|\{shop/i,
  )
}

/** The status of a refusal, as the contract's conventions and its table have it. */
function statusOf(code: string): number {
  const known: Record<string, number> = {
    unauthorized: 401,
    forbidden: 403,
    invalid_request: 400,
    idempotency_key_required: 400,
    body_too_large: 413,
    idempotency_key_reused: 422,
    rate_limited: 429,
    unavailable: 503,
    shop_closed: 503,
    backlog_full: 503,
  }
  return known[code] ?? (code.endsWith('_not_found') ? 404 : 409)
}

/** Matchers of single fields. */
export const text = expect.any(String)
export const number = expect.any(Number)
export const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
export const pageOf = (...items: unknown[]) => ({ items, nextCursor: null })
export const future = Date.UTC(2040, 0)
