import type { Handler } from 'hono'
import type { Dependencies } from './dependencies.ts'
import type { Environment } from './environment.ts'
import { type Guard, guarded } from './guard.ts'
import { measured } from './measured.ts'
import { headersOf } from './reply.ts'
import { identifyRequest } from './request-id.ts'

/** The format of Prometheus' text. */
const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Answers `GET /metrics`: what the process counts. It is for operators. */
export function answerMetrics(
  metrics: Dependencies['metrics'],
  operatorsOnly: Guard,
): Handler<Environment> {
  const answer = guarded([identifyRequest, operatorsOnly], async (c) => {
    return new Response(await metrics(), { headers: headersOf(c, { 'content-type': contentType }) })
  })
  return measured('GET', '/metrics', answer)
}
