import { createRoute, z } from '@hono/zod-openapi'
import { documented, jsonAnswer } from './contract.ts'
import type { Parts } from './dependencies.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const proof = documented('admin', ['unavailable'])
const verifyRoute = createRoute({
  method: 'get',
  path: '/v1/verify',
  tags: ['operations'],
  summary: "Prove the shop's books: stock, coupons, balances, rankings, Redis against Postgres",
  ...proof.about,
  responses: {
    200: jsonAnswer(
      z
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
        .openapi('Verification'),
      'What was checked; `ok` tells whether all of it holds',
    ),
    ...proof.refusals,
  },
})

export function verifyRoutes({ verify, identify }: Parts) {
  return openRoutes(identify).openapi(verifyRoute, async (c) =>
    reply(c, await verify(c.get('shop')), 200),
  )
}
