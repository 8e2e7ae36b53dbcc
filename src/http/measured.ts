import type { Context, Handler } from 'hono'
import { type CountAnswer, countAnswersOf } from '../telemetry/http-metrics.ts'
import type { Environment } from './environment.ts'
import { codeOfError } from './problem.ts'
import { problemCodes } from './problem-codes.ts'

/** Counts the answers of a route, and what it throws as the answer that follows from that. */
export function measured(
  method: string,
  route: string,
  handler: Handler<Environment>,
): Handler<Environment> {
  const count: CountAnswer = countAnswersOf(method, route)
  return (c, next) => {
    const startedAt = performance.now()
    const note = (response: Response): Response => {
      const tookMs = performance.now() - startedAt
      count({ status: response.status, code: codeOf(c), tookMs })
      return response
    }
    const fail = (error: unknown): never => {
      const code = codeOfError(error)
      count({ status: problemCodes[code].status, code, tookMs: performance.now() - startedAt })
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
