import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { auth } from 'hono/utils/basic-auth'
import { type Config, isPrivate } from '../config.ts'
import { limits } from '../limits.ts'
import type { AddressOf } from './client-address.ts'
import type { Environment } from './environment.ts'
import { openGenerations } from './generations.ts'
import type { Guard } from './guard.ts'
import { refuseForeignPages } from './own-pages.ts'
import { problem, refuseForNow } from './problem.ts'

/** Who may see what an operator sees: whoever knows the password, and without one everybody or nobody. */
export type OperatorAccess = { password: string } | 'everybody' | 'nobody'

/** Who are operators by this configuration. */
export function operatorsOf(config: Config): OperatorAccess {
  const { OPERATOR_PASSWORD: password } = config
  if (password !== undefined) return { password }
  return isPrivate(config) ? 'everybody' : 'nobody'
}

/**
 * Whether the shop is a demo that somebody plays with alone: everybody who reaches it is the one who started it, and it
 * was not asked to be empty. Only there may buyers and orders be made up.
 */
export function isPlayground(
  operators: OperatorAccess,
  { SEED_DEMO }: Pick<Config, 'SEED_DEMO'>,
): boolean {
  return operators === 'everybody' && SEED_DEMO
}

/**
 * Lets operators pass. The password comes by HTTP Basic, which browsers and Prometheus both know how to send; the name
 * with it does not matter. Who sends wrong ones has to wait, and is told so whatever he sends then. Each process counts
 * by itself: an outage of Redis is when operators must get in.
 */
export function requireOperator(access: OperatorAccess, addressOf: AddressOf): Guard {
  const guessers = openGenerations<{ wrong: number; untilMs: number }>(limits.passwordGuessersMax)

  /** Looks and counts in one go, so that many at once are not all the first. */
  function askForPassword(c: Context<Environment>, password: string) {
    const guesser = addressOf(c) ?? 'no public address'
    const nowMs = Date.now()
    const known = guessers.get(guesser)
    const before = known && known.untilMs > nowMs ? known : null
    if (before && before.wrong >= limits.passwordGuessesMax) {
      return refuseForNow(c, Math.ceil((before.untilMs - nowMs) / 1_000))
    }
    const given = auth(c.req.raw)?.password
    if (given !== undefined && isSame(given, password)) return undefined
    // A browser that does not know the password yet asks without one.
    if (given !== undefined) {
      const untilMs = before?.untilMs ?? nowMs + limits.passwordGuessesSeconds * 1_000
      guessers.set(guesser, { wrong: (before?.wrong ?? 0) + 1, untilMs })
    }
    const refusal = problem(c, 'unauthorized')
    refusal.headers.set('www-authenticate', 'Basic realm="Stampede", charset="UTF-8"')
    return refusal
  }

  return (c) => {
    // Before it counts a wrong password: none of somebody else's pages may lock the operator out.
    const refusal = refuseForeignPages(c)
    if (refusal) return refusal
    if (access === 'everybody') return isMeantForHere(c) ? undefined : problem(c, 'forbidden')
    if (access === 'nobody') {
      return problem(c, 'forbidden', {
        detail: 'OPERATOR_PASSWORD is not set: nobody may see this.',
      })
    }
    return askForPassword(c, access.password)
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
