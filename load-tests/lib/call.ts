import http, { type RefinedResponse } from 'k6/http'
import { baseUrl, shop } from './environment.ts'
import { adminToken } from './tokens.ts'

/** Refusals are answers: only what no buyer should ever see counts as a failed request. */
http.setResponseCallback(http.expectedStatuses(200, 201, 409))

export type Answer = RefinedResponse<'text'>

/** What a call has beside its route; `id` takes the place of what the route has in braces. */
export type CallParts = {
  id?: string
  query?: string
  token?: string
  key?: string
  body?: unknown
  timeout?: string
}

/** Calls a route as the API reference has it, e.g. `POST /v1/orders/{id}/payment`. Results are kept by that name. */
export function call(route: string, parts: CallParts = {}): Answer {
  const { method, url, body, params } = requestOf(route, parts)
  return http.request(method, url, body, params)
}

/** Calls a route many times, some at once, and gives the answers in the order of the calls. */
export function callAll(route: string, calls: CallParts[]): Answer[] {
  return http.batch(calls.map((parts) => requestOf(route, parts)))
}

function requestOf(route: string, { id = '', query, token, key, body, timeout }: CallParts) {
  const [method = '', template = ''] = route.split(' ')
  const path = template.replace(/\{\w+\}/, id)
  return {
    method,
    url: `${baseUrl}${path}${query === undefined ? '' : `?${query}`}`,
    body: body === undefined ? null : JSON.stringify(body),
    params: {
      headers: {
        'content-type': 'application/json',
        // Public routes have no token to take the shop from.
        ...(token === undefined ? { 'x-shop': shop } : { authorization: `Bearer ${token}` }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      tags: { name: route },
      ...(timeout !== undefined && { timeout }),
    },
  }
}

/** Calls a route as an admin. Throws where that is refused, so that a run ends before it begins. */
export function administer<Body>(route: string, parts: CallParts = {}): Body {
  return bodyOf(route, call(route, { token: adminToken(), ...parts }))
}

/** The body of a success. Throws where it is none. */
export function bodyOf<Body>(route: string, answer: Answer): Body {
  if (isSuccess(answer)) return answer.json() as Body
  throw new Error(
    `${route}: ${answer.status === 0 ? answer.error : `${answer.status} ${answer.body}`}`,
  )
}

export function isSuccess({ status }: Answer): boolean {
  return status === 200 || status === 201
}

/** The code of a problem, or what kept the answer from arriving. */
export function codeOf(answer: Answer): string {
  if (answer.status === 0) return answer.error
  const isProblem = answer.headers['Content-Type']?.startsWith('application/problem+json')
  return isProblem ? (answer.json('code') as string) : `status ${answer.status}`
}
