import { z } from '@hono/zod-openapi'
import { requireAdmin, requireUser, takeShop } from './auth.ts'
import { limitBody } from './body.ts'
import type { Guard } from './guard.ts'
import { requireIdempotencyKey } from './idempotency.ts'
import type { ProblemBody } from './problem.ts'
import { type ProblemCode, problemCodes, type StatusOf } from './problem-codes.ts'

/** The shape of every answer that is not a success. */
const problemSchema: z.ZodType<ProblemBody> = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    retryAfterMs: z.int().optional(),
    originalAmount: z.int().optional(),
    discountAmount: z.int().optional(),
    finalAmount: z.int().optional(),
  })
  .openapi('Problem', { description: 'RFC 9457. The optional members belong to single codes.' })

type ProblemAnswer = {
  description: string
  content: { 'application/problem+json': { schema: z.ZodType<ProblemBody> } }
}

type ProblemAnswers<Code extends ProblemCode> = { [Status in StatusOf<Code>]: ProblemAnswer }

/** Who may use a route: the refusals before its own, and the guard that takes care of them. */
const accesses = {
  public: { codes: ['rate_limited', 'unauthorized'], gate: takeShop },
  user: { codes: ['rate_limited', 'unauthorized'], gate: requireUser },
  admin: { codes: ['rate_limited', 'unauthorized', 'forbidden'], gate: requireAdmin },
} as const

type Access = keyof typeof accesses
type AccessCode<A extends Access> = (typeof accesses)[A]['codes'][number]

/** The refusals before a route's own: of every route with a body, and of those that take an idempotency key. */
export const bodyCodes = ['body_too_large', 'invalid_request'] as const
export const keyCodes = ['body_too_large', 'idempotency_key_required', 'invalid_request'] as const

/** The refusals of a read, with what it looks for. An outage answers whatever would have been found. */
export function readCodes<const Code extends ProblemCode = never>(own: readonly Code[] = []) {
  return ['unavailable', 'shop_closed', ...own] as const
}

/** The refusals of a decision, with its own. */
export function decisionCodes<const Code extends ProblemCode>(own: readonly Code[]) {
  return [...readCodes(own), 'backlog_full'] as const
}

/** The header that makes a request repeatable. */
const idempotencyKeyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description:
    'Makes the request repeatable for at least 24 hours: the same key with the same body gets the first ' +
    'answer again (200, Idempotency-Replayed: true).',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
} as const

/**
 * Documents who may use a route and how it refuses, and brings the guards that refuse so. `codes` stand in the
 * order in which they are looked for; the document lists them in that order as `x-refusals` too.
 */
export function documented<A extends Access, const Code extends ProblemCode>(
  who: A,
  codes: readonly Code[],
) {
  const access = accesses[who]
  const all = [...access.codes, ...codes, 'internal' as const]
  const answers: Record<number, ProblemAnswer> = {}
  for (const [status, group] of Map.groupBy(all, (code) => problemCodes[code].status)) {
    answers[status] = {
      description: group.map((code) => `\`${code}\`: ${problemCodes[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: problemSchema } },
    }
  }
  const takes = (code: ProblemCode) => (codes as readonly ProblemCode[]).includes(code)
  const security: Record<string, string[]>[] = [{ bearer: [] }]
  if (who === 'public') security.unshift({})
  const guards: Guard[] = [access.gate]
  if (takes('body_too_large')) guards.push(limitBody)
  if (takes('idempotency_key_required')) guards.push(requireIdempotencyKey)
  return {
    about: {
      security,
      'x-refusals': all,
      guards,
      ...(takes('idempotency_key_required') && { parameters: [idempotencyKeyHeader] }),
    },
    refusals: answers as ProblemAnswers<Code | AccessCode<A> | 'internal'>,
  }
}

/** A JSON body that must be there. */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true as const,
  content: { 'application/json': { schema } },
})

/** A JSON answer. */
export const jsonAnswer = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})
