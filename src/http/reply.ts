import type { Context, TypedResponse } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Environment } from './environment.ts'

/** An answer whose body and status the compiler knows, for the route's contract and the typed client. */
export type Reply<Body, Status extends ContentfulStatusCode> = Response &
  TypedResponse<Body, Status, 'json'>

/**
 * Headers of every answer. Nothing here is a page, and nothing may be cached: stock, balances and orders are true
 * for an instant only.
 */
export const fixedHeaders = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** A body as JSON, for an answer that is given many times. */
export type JsonText<Body> = string & { readonly of?: Body }

/** Serialises a body once. */
export function toJson<Body>(body: Body): JsonText<Body> {
  return JSON.stringify(body)
}

/**
 * Answers with JSON. It builds the response from one plain object of headers, because a `Headers` object that is
 * filled header by header costs more than the rest of a sold-out answer.
 */
export function reply<Body, Status extends ContentfulStatusCode>(
  c: Context<Environment>,
  body: Body,
  status: Status,
  headers?: Record<string, string>,
): Reply<Body, Status> {
  return replyJson(c, toJson(body), status, headers)
}

/** Answers with a body that is JSON already. */
export function replyJson<Body, Status extends ContentfulStatusCode>(
  c: Context<Environment>,
  json: JsonText<Body>,
  status: Status,
  headers?: Record<string, string>,
): Reply<Body, Status> {
  return new Response(json, { status, headers: headersOf(c, headers) }) as Reply<Body, Status>
}

/** The headers of an answer: those of every one, of every one to this request, and its own, which count most. */
export function headersOf(
  c: Context<Environment>,
  own?: Record<string, string>,
): Record<string, string> {
  return { ...fixedHeaders, ...c.get('headers'), ...own }
}

/** Answers 201 with a new effect, or 200 with the first answer where the request repeats an earlier one. */
export function replyOnce<Body>(
  c: Context<Environment>,
  body: Body,
  replayed: boolean,
): Reply<Body, 200> | Reply<Body, 201> {
  return replayed ? reply(c, body, 200, { 'idempotency-replayed': 'true' }) : reply(c, body, 201)
}
