import type { Context, ErrorHandler } from 'hono'
import type { z } from 'zod'
import { type Refusal, ShopClosed, Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { isOutage } from './outage.ts'
import { type ProblemCode, problemCodes, type StatusOf } from './problem-codes.ts'
import { type Reply, reply } from './reply.ts'

/** One field of the request that is not valid. */
export type FieldError = { path: string; message: string }

/** The body of every answer that is not a success (RFC 9457). */
export type ProblemBody = {
  type: string
  title: string
  status: number
  detail: string
  code: string
  requestId: string
  /** Of `invalid_request`. */
  errors?: FieldError[] | undefined
  /** Of `held`: time until the first hold lapses. */
  retryAfterMs?: number | undefined
  /** Of `amount_changed`: what the order would cost now, in minor units. */
  originalAmount?: number | undefined
  discountAmount?: number | undefined
  finalAmount?: number | undefined
}

/** An answer with one of these codes; a union over the statuses, as a route declares them. */
export type ProblemReply<Code extends ProblemCode> =
  StatusOf<Code> extends infer Status
    ? Status extends StatusOf<ProblemCode>
      ? Reply<ProblemBody, Status>
      : never
    : never

/** What the table of codes says of one. */
type ProblemKind = {
  status: StatusOf<ProblemCode>
  title: string
  detail?: string
  retryAfterSeconds?: number
}

/** Answers with a problem. `members` are added to the body and never replace its standard members. */
export function problem<Code extends ProblemCode>(
  c: Context<Environment>,
  code: Code,
  members?: Partial<ProblemBody>,
): ProblemReply<Code> {
  const { status, retryAfterSeconds }: ProblemKind = problemCodes[code]
  c.set('code', code)
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  const body = problemBody(code, c.get('requestId'), members)
  return reply(c, body, status, headers) as unknown as ProblemReply<Code>
}

/** The body of a problem, as it is answered and as the document shows it. */
export function problemBody(
  code: ProblemCode,
  requestId: string,
  members?: Partial<ProblemBody>,
): ProblemBody {
  const { status, title, detail = `${title}.` }: ProblemKind = problemCodes[code]
  return {
    detail,
    ...members,
    type: `urn:stampede:problem:${code}`,
    title,
    status,
    code,
    requestId,
  }
}

/** Answers with the refusal of a decision. */
export function refuse<Code extends ProblemCode>(
  c: Context<Environment>,
  refusal: { code: Code; details?: Refusal<Code>['details'] },
): ProblemReply<Code> {
  return problem(c, refusal.code, refusal.details)
}

/** Answers 429 to who has to wait so long. */
export function refuseForNow(
  c: Context<Environment>,
  waitSeconds: number,
  members?: Partial<ProblemBody>,
): ProblemReply<'rate_limited'> {
  c.get('headers')['retry-after'] = String(waitSeconds)
  return problem(c, 'rate_limited', members)
}

/** Answers 400 and says which fields are wrong. */
export function invalidRequest(
  c: Context<Environment>,
  errors: FieldError[],
): ProblemReply<'invalid_request'> {
  return problem(c, 'invalid_request', { errors: errors.slice(0, limits.fieldErrorsMax) })
}

/** Answers 400 where a cursor has the form of one, but is none of this list. */
export function invalidCursor(c: Context<Environment>): ProblemReply<'invalid_request'> {
  return invalidRequest(c, [{ path: 'cursor', message: 'Is not a cursor of this list' }])
}

/** What a schema found, as a problem. */
export function refuseInvalid(c: Context<Environment>, error: z.ZodError): Response {
  return invalidRequest(
    c,
    error.issues.flatMap((issue) => {
      const path = issue.path.map(String)
      if (issue.code !== 'unrecognized_keys') {
        return { path: path.join('.'), message: issue.message }
      }
      return issue.keys.map((key) => ({
        path: [...path, key.slice(0, limits.idLengthMax)].join('.'),
        message: 'Unknown field',
      }))
    }),
  )
}

/** Whether an error is an outage, which is expected, and no bug. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Unavailable || isOutage(error)
}

/** The code of the problem that answers what a handler threw. */
export function codeOfError(error: unknown): 'unavailable' | 'shop_closed' | 'internal' {
  if (isUnavailable(error)) return 'unavailable'
  return error instanceof ShopClosed ? 'shop_closed' : 'internal'
}

/**
 * Answers what a handler threw. An outage is expected and answered with 503; the rest is a bug: it is logged with the
 * request's id, and the client learns nothing but that id.
 */
export function answerError(log: Dependencies['log']): ErrorHandler<Environment> {
  return (error, c) => {
    const requestId = c.get('requestId')
    const code = codeOfError(error)
    if (code === 'unavailable') log.debug({ err: error, requestId }, 'answered unavailable')
    if (code === 'internal') log.error({ err: error, requestId }, 'a request failed')
    return problem(c, code)
  }
}
