import { createRoute, z } from '@hono/zod-openapi'
import { headersNamed } from './answer-headers.ts'
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

const well = [
  { name: 'redis', ok: true },
  { name: 'scripts', ok: true },
  { name: 'shop', ok: true },
  { name: 'backlog', ok: true },
]
const slowPostgres = { name: 'postgres', ok: false, detail: 'does not answer' }
const stopping = { name: 'process', ok: false, detail: 'is stopping' }

const liveRoute = createRoute({
  method: 'get',
  path: '/livez',
  operationId: 'live',
  tags: ['operations'],
  summary: 'Whether the process answers; it asks nobody else',
  description: 'For what restarts a process. An outage of Redis or Postgres is no reason to.',
  security: [],
  responses: {
    200: jsonAnswer(z.object({ ok: z.literal(true) }), 'It does', { live: { ok: true } }),
  },
})

const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'ready',
  tags: ['operations'],
  summary: 'Whether the process should get requests',
  description: 'For a balancer. Postgres is named and does not count: selling goes on without it.',
  security: [],
  responses: {
    200: jsonAnswer(readinessSchema, 'It should', {
      ready: { ok: true, checks: [...well, { name: 'postgres', ok: true }] },
      withoutPostgres: { ok: true, checks: [...well, slowPostgres] },
    }),
    503: {
      ...jsonAnswer(readinessSchema, 'It should not now; `checks` tell why', {
        stopping: { ok: false, checks: [stopping, ...well, { name: 'postgres', ok: true }] },
      }),
      headers: headersNamed('Retry-After'),
    },
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
