import type { Context, Handler } from 'hono'
import { type CountAnswer, countAnswersOf } from '../telemetry/http-metrics.ts'
import type { Environment } from './environment.ts'
import { codeOfError } from './problem.ts'
import { problemCodes } from './problem-codes.ts'

/**
 * Counts the answers of a route, and what it throws as the answer that follows from that; a trace is told of both, and
 * the pulse of what is a problem.
 */
export function measured(
  method: string,
  route: string,
  handler: Handler<Environment>,
): Handler<Environment> {
  const count: CountAnswer = countAnswersOf(method, route)
  const tell = (c: Context<Environment>, status: number, code: string, startedAt: number): void => {
    count({ status, code, tookMs: performance.now() - startedAt })
    c.env?.describe?.({ route, code, requestId: c.get('requestId') })
    if (code !== '') c.env?.countProblem?.(c.get('shop'), { status, code })
  }
  return (c, next) => {
    const startedAt = performance.now()
    const note = (response: Response): Response => {
      tell(c, response.status, codeOf(c), startedAt)
      return response
    }
    const fail = (error: unknown): never => {
      const code = codeOfError(error)
      tell(c, problemCodes[code].status, code, startedAt)
      throw error
    }
    try {
      const answer = handler(c, next) as Response | Promise<Response>
      return answer instanceof Promise ? answer.then(note, fail) : note(answer)
    } catch (error) {
      return fail(error)
    }
  }
}

/** The code of the problem that answers, or nothing. */
function codeOf(c: Context<Environment>): string {
  return c.get('code') ?? ''
}
