import { Hono } from 'hono'
import { openAddressOf } from './client-address.ts'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { guarded } from './guard.ts'
import { answerMetrics } from './metrics.ts'
import { answerNotFound } from './not-found.ts'
import { requireOperator } from './operator.ts'
import { answerError } from './problem.ts'
import { reply } from './reply.ts'
import { identifyRequest } from './request-id.ts'

/** Builds what a worker process answers: that it lives, and to operators its metrics. */
export function createWorkerApp(parts: Pick<Dependencies, 'metrics' | 'operators' | 'log'>) {
  const app = new Hono<Environment>()
  app.onError(answerError(parts.log))
  app.notFound(answerNotFound(app.router, () => undefined))
  app.get(
    '/livez',
    guarded([identifyRequest], (c) => reply(c, { ok: true }, 200)),
  )
  const operatorsOnly = requireOperator(parts.operators, openAddressOf(0))
  app.get('/metrics', answerMetrics(parts.metrics, operatorsOnly))
  return app
}
