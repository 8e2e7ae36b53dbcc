import { createRoute, z } from '@hono/zod-openapi'
import { documented, jsonAnswer } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { sample } from './examples.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const verificationSchema = z
  .object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z.boolean(),
        checked: z.int(),
        off: z
          .array(
            z.object({
              row: z.string(),
              fact: z.string(),
              actual: z.string().nullable(),
              expected: z.string().nullable(),
            }),
          )
          .openapi({ description: 'The first facts that are not as they should be.' }),
        offCount: z.int().openapi({ description: 'How many there are in all.' }),
      }),
    ),
    backlog: z.int(),
    dropped: z.int().openapi({
      description: 'Accepted events that have no rows, because an operator dropped them.',
    }),
    epoch: z.int(),
  })
  .openapi('Verification')

/** Two of the checks, and what one of them says where somebody wrote to Redis by hand. */
const coupons = { name: 'coupons', ok: true, checked: 2_004, off: [], offCount: 0 }
const stock = { name: 'stock', ok: true, checked: 318, off: [], offCount: 0 }
const proven = { ok: true, checks: [stock, coupons], backlog: 0, dropped: 0, epoch: 1 }
const lostUnit = {
  row: `option ${sample.optionId}`,
  fact: 'free in Redis',
  actual: '48',
  expected: '49',
}

const proof = documented('admin', ['unavailable'])
const verifyRoute = createRoute({
  method: 'get',
  path: '/v1/verify',
  operationId: 'verify',
  tags: ['operations'],
  summary: "Prove the shop's books: stock, coupons, balances, rankings, Redis against Postgres",
  description:
    'It reads all rows of the shop, and is right while the shop sells. A shop of a million orders takes a while: ask ' +
    'rarely, and give it time.',
  ...proof.about,
  responses: {
    200: jsonAnswer(verificationSchema, 'What was checked; `ok` tells whether all of it holds', {
      proven,
      off: {
        ...proven,
        ok: false,
        checks: [{ ...stock, ok: false, off: [lostUnit], offCount: 1 }, coupons],
      },
    }),
    ...proof.refusals,
  },
})

export function verifyRoutes({ verify, feed, identify }: Parts) {
  return openRoutes(identify).openapi(verifyRoute, async (c) => {
    const shop = c.get('shop')
    const startedAt = performance.now()
    const report = await verify(shop)
    feed.keepProof(shop, { report, atMs: Date.now(), tookMs: performance.now() - startedAt })
    return reply(c, report, 200)
  })
}
