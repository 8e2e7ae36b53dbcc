import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { auth } from 'hono/utils/basic-auth'
import { type Config, isPrivate } from '../config.ts'
import type { Environment } from './environment.ts'
import type { Guard } from './guard.ts'
import { problem } from './problem.ts'

/** Who may see what an operator sees: whoever knows the password, and without one everybody or nobody. */
export type OperatorAccess = { password: string } | 'everybody' | 'nobody'

/** Who are operators by this configuration. */
export function operatorsOf(config: Config): OperatorAccess {
  const { OPERATOR_PASSWORD: password } = config
  if (password !== undefined) return { password }
  return isPrivate(config) ? 'everybody' : 'nobody'
}

/**
 * Lets operators pass. The password comes by HTTP Basic, which browsers and Prometheus both know how to send; the name
 * with it does not matter.
 */
export function requireOperator(access: OperatorAccess): Guard {
  return (c) => {
    if (access === 'everybody') return isMeantForHere(c) ? undefined : problem(c, 'forbidden')
    if (access === 'nobody') {
      return problem(c, 'forbidden', {
        detail: 'OPERATOR_PASSWORD is not set: nobody may see this.',
      })
    }
    const given = auth(c.req.raw)?.password
    if (given !== undefined && isSame(given, access.password)) return undefined
    const refusal = problem(c, 'unauthorized')
    refusal.headers.set('www-authenticate', 'Basic realm="Stampede", charset="UTF-8"')
    return refusal
  }
}

/**
 * Whether the request was sent to this machine by name. A page of somebody else can have its own name lead here, and
 * would otherwise read what everybody on this machine may.
 */
export function isMeantForHere(c: Context<Environment>): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(c.req.url).hostname)
}

/** Compares digests, so that the time it takes tells nothing about the password, not even its length. */
function isSame(given: string, wanted: string): boolean {
  const digestOf = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digestOf(given), digestOf(wanted))
}
