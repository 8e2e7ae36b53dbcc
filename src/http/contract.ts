import type { z } from '@hono/zod-openapi'
import { idPattern } from '../domain/ids.ts'
import { limits } from '../limits.ts'
import { headersNamed } from './answer-headers.ts'
import { requireAdmin, requireUser, takeShop } from './auth.ts'
import { limitBody } from './body.ts'
import { sample } from './examples.ts'
import type { Guard } from './guard.ts'
import { requireIdempotencyKey } from './idempotency.ts'
import { type ProblemAnswers, problemAnswers } from './problem-answers.ts'
import type { ProblemCode } from './problem-codes.ts'

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
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: limits.idempotencyKeyLengthMax,
    pattern: '^[\\x21-\\x7e]+$',
  },
  example: sample.idempotencyKey,
} as const

/** The header by which somebody without a token names a shop. */
const shopHeader = {
  name: 'X-Shop',
  in: 'header',
  required: false,
  description:
    'The shop that is asked about. A token names its own shop, and then this one counts for nothing.',
  schema: { type: 'string', pattern: idPattern.source, default: 'main' },
} as const

/** The header that brings passes of waiting rooms. */
const admissionHeader = {
  name: 'X-Admission',
  in: 'header',
  required: false,
  description:
    'The passes of waiting rooms, with commas between them. Without a room none is needed, and what is no pass ' +
    `counts for nothing, as do all of them where they have more than ${limits.passesLengthMax} characters.`,
  schema: { type: 'string' },
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
  const takes = (code: ProblemCode) => (codes as readonly ProblemCode[]).includes(code)
  const security: Record<string, string[]>[] = [{ bearer: [] }]
  if (who === 'public') security.unshift({})
  const guards: Guard[] = [access.gate]
  if (takes('body_too_large')) guards.push(limitBody)
  if (takes('idempotency_key_required')) guards.push(requireIdempotencyKey)
  const parameters = [
    ...(who === 'public' ? [shopHeader] : []),
    ...(takes('idempotency_key_required') ? [idempotencyKeyHeader] : []),
    ...(takes('admission_required') ? [admissionHeader] : []),
  ]
  return {
    about: { security, 'x-refusals': all, guards, ...(parameters.length > 0 && { parameters }) },
    refusals: problemAnswers(all) as ProblemAnswers<Code | AccessCode<A> | 'internal'>,
  }
}

/** Bodies by a word on what each shows. */
type Examples<Body> = Record<string, Body>

const named = <Body>(examples: Examples<Body>) =>
  Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]))

/** A JSON body that must be there. */
export const jsonBody = <Schema extends z.ZodType>(
  schema: Schema,
  examples: Examples<z.input<Schema>>,
) => ({
  required: true as const,
  content: { 'application/json': { schema, examples: named(examples) } },
})

/** A JSON body that may be left out. */
export const optionalJsonBody = <Schema extends z.ZodType>(
  schema: Schema,
  examples: Examples<z.input<Schema>>,
) => ({ ...jsonBody(schema, examples), required: false as const })

/** Where an answer leads: what can be done with something that it has. */
type Links = Record<string, { operationId: string; parameters: Record<string, string> }>

/**
 * The operations that take something of an answer.
 *
 * @param pointer to it, e.g. `id` or `options/0/id`.
 * @param parameter that takes it.
 */
export const leadsTo = (
  pointer: string,
  operationIds: readonly string[],
  parameter = 'id',
): Links =>
  Object.fromEntries(
    operationIds.map((operationId) => [
      operationId,
      { operationId, parameters: { [parameter]: `$response.body#/${pointer}` } },
    ]),
  )

/** A JSON answer. */
export const jsonAnswer = <Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  examples: Examples<z.output<Schema>>,
  links: Links = {},
) => ({
  description,
  headers: headersNamed(),
  content: { 'application/json': { schema, examples: named(examples) } },
  links,
})

/** The answers of a route that has one effect however often it is asked: to the first request, and to every other. */
export const onceAnswers = <Schema extends z.ZodType>(
  schema: Schema,
  { first, again }: { first: string; again: string },
  examples: Examples<z.output<Schema>>,
  links?: Links,
) => ({
  200: {
    ...jsonAnswer(schema, again, examples, links),
    headers: headersNamed('Idempotency-Replayed'),
  },
  201: jsonAnswer(schema, first, examples, links),
})
