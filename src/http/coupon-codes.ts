import { createRoute, z } from '@hono/zod-openapi'
import { Unavailable } from '../domain/outcome.ts'
import { addCodes } from '../engine/add-codes.ts'
import { limits } from '../limits.ts'
import { headersNamed } from './answer-headers.ts'
import { bodyCodes, decisionCodes, documented, jsonBody } from './contract.ts'
import { replyCsv } from './csv.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { idParams, integer } from './fields.ts'
import { refuse } from './problem.ts'
import { openRoutes } from './routes.ts'

const codes = documented('admin', [...bodyCodes, ...decisionCodes(['coupon_not_found'])])
const codesRoute = createRoute({
  method: 'post',
  path: '/v1/coupons/{id}/codes',
  operationId: 'makeCouponCodes',
  tags: ['coupons'],
  summary: 'Make single-use codes of a coupon',
  description:
    'The codes are answered as they are made, and never again: only their hashes are stored. Every code in the ' +
    'answer works, also where the connection broke before its end.',
  ...codes.about,
  request: {
    params: idParams(sample.couponId),
    body: jsonBody(z.strictObject({ count: integer(1, limits.codesMax) }), { two: { count: 2 } }),
  },
  responses: {
    201: {
      description: 'The codes, one a line, under the header line `code`',
      headers: headersNamed(),
      content: {
        'text/csv': {
          schema: z.string(),
          examples: {
            two: { value: 'code\n7H2KM-PQ9RS-4TVWX-0YZAB\nC3D5E-F6G8J-1N2P4-Q7R9S\n' },
          },
        },
      },
    },
    ...codes.refusals,
  },
})

type Batches = ReturnType<typeof addCodes>
type Batch = Batches extends AsyncGenerator<infer Yielded> ? Yielded : never

export function couponCodeRoutes({ engine, log, catchUp, identify }: Parts) {
  return openRoutes(identify).openapi(codesRoute, async (c) => {
    const { id: couponId } = c.req.valid('param')
    const { count } = c.req.valid('json')
    const shop = c.get('shop')
    const batches = addCodes(engine, { shop, couponId, count })
    // There is a first batch, and it tells whether there is anything to stream.
    const first = (await batches.next()).value as Batch
    if (!first.ok) return refuse(c, first)
    const parts = csvOf(first.value, batches, () => catchUp(shop))
    return replyCsv(c, log, parts, `codes-${couponId}.csv`)
  })
}

/**
 * The next codes are made when the client has taken those before them, and Postgres is not far behind: what else
 * happens in the shop comes after them in the outbox.
 */
async function* csvOf(
  first: string[],
  batches: Batches,
  caughtUp: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  yield linesOf(['code', ...first])
  let ahead = first.length
  for await (const batch of batches) {
    if (!batch.ok) throw new Unavailable(`The codes ended with ${batch.code}`)
    yield linesOf(batch.value)
    ahead += batch.value.length
    if (ahead >= limits.codesAheadMax) {
      await caughtUp()
      ahead = 0
    }
  }
}

function linesOf(codes: string[]): Uint8Array {
  return Buffer.from(`${codes.join('\n')}\n`)
}
