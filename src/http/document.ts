import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Handler } from 'hono'
import { answerHeaders } from './answer-headers.ts'
import type { Environment } from './environment.ts'
import { guarded } from './guard.ts'
import { problemExamples } from './problem-answers.ts'
import { headersOf } from './reply.ts'
import { identifyRequest } from './request-id.ts'

const description = `\
First-come coupons and checkout that never oversell and never lose an accepted order.

- **Tokens** are JWTs: \`sub\` is the user, \`role\` is \`user\` or \`admin\`, \`shop\` is where it acts.
- **Amounts** are integers in the currency's minor unit, percentages are basis points, times are ISO 8601 in UTC.
- **Refusals** are \`application/problem+json\` with a \`code\`. \`x-refusals\` of a route has its codes in the order in
  which they are looked for: the first that applies is the answer.
- **Repeating a request is safe**: with its \`Idempotency-Key\` where a route takes one, and without where the route
  says so. After a timeout or a \`503\`, send the same again.

What this document cannot say is in [docs/API.md](/docs/API.md): what to do about each refusal, retries, replays,
limits, consistency and versions.
`

/** The parts of the contract, in the order in which a page shows them. */
const tags = [
  {
    name: 'products',
    description: 'What is on sale: options with price, stock and window, and what sells best.',
  },
  {
    name: 'coupons',
    description: 'Coupons, their codes, first-come claims, and what became of these.',
  },
  {
    name: 'cart',
    description: 'Lines without a claim on stock or price, until an order takes them.',
  },
  {
    name: 'orders',
    description: 'All lines, the coupon and the money, or nothing; payment, cancellation, refund.',
  },
  {
    name: 'balances',
    description: 'What orders are paid from; every change keeps its before and after.',
  },
  { name: 'users', description: 'Who buys, and what an admin may see of him.' },
  {
    name: 'operations',
    description: 'How the engine is, the proof of its books, and what Postgres refused.',
  },
]

/** Answers `GET /openapi.json`: the contract for machines, made of the routes themselves. */
export function answerDocument(app: OpenAPIHono<Environment>): Handler<Environment> {
  const { openAPIRegistry: registry } = app
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'HS256, or RS256, ES256 and EdDSA by published keys. Claims: sub, exp, role (user or admin), shop. ' +
      'Without a token, public routes take the shop from the header X-Shop.',
  })
  for (const [name, header] of Object.entries(answerHeaders)) {
    registry.registerComponent('headers', name, header)
  }
  for (const [code, example] of Object.entries(problemExamples)) {
    registry.registerComponent('examples', code, example)
  }

  const read = () =>
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Stampede',
        version: '1',
        description,
      },
      tags,
      externalDocs: { description: 'What clients need to know', url: '/docs/API.md' },
      servers: [{ url: '/', description: 'This engine' }],
    })
  // Bytes, and made once: a quarter of a megabyte that anybody may ask for as often as he likes.
  let document: Buffer<ArrayBuffer> | undefined
  return guarded([identifyRequest], (c) => {
    document ??= Buffer.from(JSON.stringify(read()))
    return new Response(document, { headers: headersOf(c) })
  })
}
