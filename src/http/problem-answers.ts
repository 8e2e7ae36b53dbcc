import { z } from '@hono/zod-openapi'
import { headersNamed } from './answer-headers.ts'
import { sample } from './examples.ts'
import { type ProblemBody, problemBody } from './problem.ts'
import { type ProblemCode, problemCodes, type StatusOf } from './problem-codes.ts'

/** The shape of every answer that is not a success. */
const problemSchema: z.ZodType<ProblemBody> = z
  .object({
    type: z.string().openapi({ description: 'urn:stampede:problem: and the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z
      .string()
      .openapi({ description: 'What a client decides by. A route may get more codes.' }),
    requestId: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Of invalid_request: what is wrong, where.' }),
    retryAfterMs: z
      .int()
      .optional()
      .openapi({ description: 'Of held: time until the first hold lapses.' }),
    originalAmount: z
      .int()
      .optional()
      .openapi({ description: 'Of amount_changed, like the next two: what the order costs now.' }),
    discountAmount: z.int().optional(),
    finalAmount: z.int().optional(),
  })
  .openapi('Problem', { description: 'RFC 9457. The optional members belong to single codes.' })

/** What the examples of some codes have beside the members of all. */
const ownMembers: Partial<Record<ProblemCode, Partial<ProblemBody>>> = {
  invalid_request: {
    errors: [{ path: 'items.0.quantity', message: 'Too small: expected number to be >=1' }],
  },
  held: { retryAfterMs: 42_000 },
  amount_changed: {
    originalAmount: 2 * sample.price,
    discountAmount: 2 * sample.discount,
    finalAmount: 2 * sample.paid,
  },
}

/** Every problem by its code, as it is answered. The document has each once, and answers refer to those they may be. */
export const problemExamples = Object.fromEntries(
  (Object.keys(problemCodes) as ProblemCode[]).map((code) => [
    code,
    {
      summary: problemCodes[code].title,
      value: problemBody(code, sample.requestId, ownMembers[code]),
    },
  ]),
)

export type ProblemAnswer = {
  description: string
  headers: Record<string, { $ref: string }>
  content: {
    'application/problem+json': {
      schema: z.ZodType<ProblemBody>
      examples: Record<string, { $ref: string }>
    }
  }
}

export type ProblemAnswers<Code extends ProblemCode> = { [Status in StatusOf<Code>]: ProblemAnswer }

/** The answers of a route that has these refusals: one for each status, with an example for each code. */
export function problemAnswers<Code extends ProblemCode>(
  codes: readonly Code[],
): ProblemAnswers<Code> {
  const answers: Record<number, ProblemAnswer> = {}
  for (const [status, group] of Map.groupBy(codes, (code) => problemCodes[code].status)) {
    answers[status] = {
      description: group.map((code) => `\`${code}\`: ${problemCodes[code].title}`).join('; '),
      headers: headersOf(status),
      content: {
        'application/problem+json': {
          schema: problemSchema,
          examples: Object.fromEntries(
            group.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
          ),
        },
      },
    }
  }
  return answers as ProblemAnswers<Code>
}

function headersOf(status: number): ProblemAnswer['headers'] {
  if (status === 401) return headersNamed('WWW-Authenticate')
  return status === 429 || status === 503 ? headersNamed('Retry-After') : headersNamed()
}
