import type { NotFoundHandler } from 'hono'
import type { Environment } from './environment.ts'
import { type Guard, guarded } from './guard.ts'
import { measured } from './measured.ts'
import { problem } from './problem.ts'
import { identifyRequest } from './request-id.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The part of the app's router that tells which routes an address has. */
type Routes = { match: (method: string, path: string) => readonly unknown[] }

/** Answers an address that has no route, or none for this method; a token that is not valid is refused there too. */
export function answerNotFound(routes: Routes, identify: Guard): NotFoundHandler<Environment> {
  const identifyIfVersioned: Guard = (c) =>
    /^\/v1(\/|$)/.test(c.req.path) ? identify(c) : undefined
  const answer = guarded([identifyRequest, identifyIfVersioned], (c) => {
    const allowed = methods.filter((method) => {
      const [handlers] = routes.match(method, c.req.path) as [unknown[]]
      return handlers.length > 0
    })
    if (allowed.length === 0) return problem(c, 'not_found')
    c.get('headers').allow = allowed.join(', ')
    return problem(c, 'method_not_allowed')
  })
  return measured('any', 'none', answer) as NotFoundHandler<Environment>
}
