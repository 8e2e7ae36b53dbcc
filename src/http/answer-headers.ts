import { limits } from '../limits.ts'

/** The headers of answers that a client reads. The document has each once, and answers refer to those they carry. */
export const answerHeaders = {
  'X-Request-Id': {
    description:
      "The request's own id, or the client's where it sent a sane one. Name it when you ask for help.",
    required: true,
    schema: { type: 'string', minLength: 1, maxLength: limits.requestIdLengthMax },
  },
  'Idempotency-Replayed': {
    description:
      'This is the answer to an earlier request, which had the effect; this one had none.',
    required: true,
    schema: { type: 'string', pattern: '^true$' },
  },
  'Retry-After': {
    description: 'Seconds to wait before the same request is sent again.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
  },
  'WWW-Authenticate': {
    description: 'How to authenticate.',
    required: true,
    schema: { type: 'string' },
  },
} as const

type AnswerHeader = keyof typeof answerHeaders

/** The document's references to the headers of an answer. Every answer has its request's id. */
export function headersNamed(...names: AnswerHeader[]): Record<string, { $ref: string }> {
  const all: AnswerHeader[] = ['X-Request-Id', ...names]
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}
