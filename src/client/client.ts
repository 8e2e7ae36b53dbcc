import { hc } from 'hono/client'
import type { AppType } from '../http/app.ts'
import type { ProblemBody } from '../http/problem.ts'
import type { ProblemCode } from '../http/problem-codes.ts'
import { openRetryingFetch, type RetryOptions, retryAfterMsOf } from './retrying-fetch.ts'

export type ClientOptions = RetryOptions & {
  /** The bearer token, or what gets a fresh one for each request. It says which shop it acts in. */
  token?: string | (() => string | Promise<string>)
  /** The shop to look at without a token. Defaults to `main`. */
  shop?: string
}

/** Every route by its address, e.g. `client.v1.orders.$post({ json })`. */
export type Client = ReturnType<typeof openClient>

/**
 * A client of a running engine that knows every route with its inputs and answers, and asks again where the engine or
 * the way to it is away: see `openRetryingFetch`. Read its answers with `outcomeOf`.
 *
 * @param url of the engine, e.g. `http://127.0.0.1:3000`.
 */
export function openClient(url: string, options: ClientOptions = {}) {
  const { token, shop, ...retries } = options
  return hc<AppType>(url, {
    // It is only ever called with addresses.
    fetch: openRetryingFetch(retries) as typeof fetch,
    async headers(): Promise<Record<string, string>> {
      const text = typeof token === 'function' ? await token() : token
      return {
        ...(text !== undefined && { authorization: `Bearer ${text}` }),
        ...(shop !== undefined && { 'x-shop': shop }),
      }
    },
  })
}

/** What the engine answered. A refusal is as good an answer as a success. */
export type Outcome<Body> = Success<Body> | Refused

export type Success<Body> = {
  ok: true
  status: number
  /** Whether an earlier request had the effect, and this is its answer again. */
  replayed: boolean
  body: Body
}

export type Refused = {
  ok: false
  status: number
  problem: Problem
  /** When to come again, where `Retry-After` says so, as with every 429 and 503; of `held` the problem says it. */
  retryAfterMs?: number
}

/** Why the engine refused. A newer engine may have codes that are not known here. */
export type Problem = ProblemBody & { code: ProblemCode | (string & Record<never, never>) }

/** The body of the successes among the typed answers of a route. */
type BodyOf<Answer> =
  Extract<Answer, { ok: true }> extends { json(): Promise<infer Body> } ? Body : never

/**
 * Reads an answer in JSON. Single-use codes are text: read those with `text()`, as they come.
 *
 * @param call e.g. `client.v1.orders.$post({ json })`.
 * @throws Error where it was not the engine that answered, and whatever the call throws.
 */
export async function outcomeOf<Answer extends Pick<Response, 'ok' | 'status' | 'headers'>>(
  call: Promise<Answer & { json(): Promise<unknown> }>,
): Promise<Outcome<BodyOf<Answer>>> {
  const answer = await call
  const { ok, status, headers } = answer
  if (!/[/+]json\b/.test(headers.get('content-type') ?? '')) {
    throw new Error(`Something else than the engine answered, with status ${status}`)
  }
  const body = await answer.json()
  if (!ok) {
    const retryAfterMs = retryAfterMsOf(headers)
    return { ok, status, problem: body as Problem, ...(retryAfterMs !== null && { retryAfterMs }) }
  }
  const replayed = headers.get('idempotency-replayed') === 'true'
  return { ok, status, replayed, body: body as BodyOf<Answer> }
}
