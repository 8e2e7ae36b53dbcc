import { createRoute, z } from '@hono/zod-openapi'
import { jsonAnswer } from './contract.ts'
import type { Dependencies } from './dependencies.ts'
import { reply } from './reply.ts'
import { openRoutes } from './routes.ts'

const readinessSchema = z
  .object({
    ok: z.boolean(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })),
  })
  .openapi('Readiness')

const liveRoute = createRoute({
  method: 'get',
  path: '/livez',
  tags: ['operations'],
  summary: 'Whether the process answers; it asks nobody else',
  responses: { 200: jsonAnswer(z.object({ ok: z.literal(true) }), 'It does') },
})

const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  tags: ['operations'],
  summary: 'Whether the process should get requests',
  responses: {
    200: jsonAnswer(readinessSchema, 'It should'),
    503: jsonAnswer(readinessSchema, 'It should not now; `checks` tell why'),
  },
})

export function healthRoutes({ readiness }: Dependencies) {
  return openRoutes()
    .openapi(liveRoute, (c) => reply(c, { ok: true as const }, 200))
    .openapi(readyRoute, async (c) => {
      const state = await readiness()
      return state.ok ? reply(c, state, 200) : reply(c, state, 503, { 'retry-after': '1' })
    })
}
