import { z } from '@hono/zod-openapi'
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

/** The refusals before a route's own, by who may use it. A token that is not valid is refused everywhere. */
const accessCodes = {
  public: ['unauthorized'],
  user: ['unauthorized'],
  admin: ['unauthorized', 'forbidden'],
} as const

type Access = keyof typeof accessCodes
type AccessCode<A extends Access> = (typeof accessCodes)[A][number]

/** The refusals after a decision's own, and those of every route with a body. */
export const decisionCodes = ['shop_closed', 'backlog_full', 'unavailable'] as const
export const bodyCodes = ['body_too_large', 'invalid_request'] as const
export const keyCodes = ['body_too_large', 'idempotency_key_required', 'invalid_request'] as const

/** The header that makes a request repeatable. */
export const idempotencyKeyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description:
    'Makes the request repeatable for at least 24 hours: the same key with the same body gets the first ' +
    'answer again (200, Idempotency-Replayed: true).',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
} as const

/**
 * Documents who may use a route and how it refuses. `codes` stand in the order in which they are looked for; the
 * document lists them in that order as `x-refusals` too.
 */
export function documented<A extends Access, const Code extends ProblemCode>(
  who: A,
  codes: readonly Code[],
) {
  const all = [...accessCodes[who], ...codes, 'internal' as const]
  const answers: Record<number, ProblemAnswer> = {}
  for (const [status, group] of Map.groupBy(all, (code) => problemCodes[code].status)) {
    answers[status] = {
      description: group.map((code) => `\`${code}\`: ${problemCodes[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: problemSchema } },
    }
  }
  const security: Record<string, string[]>[] = [{ bearer: [] }]
  if (who === 'public') security.unshift({})
  return {
    about: { security, 'x-refusals': all },
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
