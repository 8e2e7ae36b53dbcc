import type { Context } from 'hono'
import { idPattern } from '../domain/ids.ts'
import { type Caller, type Environment, headerOf } from './environment.ts'
import type { Guard } from './guard.ts'
import { invalidRequest, problem } from './problem.ts'
import type { VerifyToken } from './tokens.ts'

const defaultShop = 'main'

/** Finds out who makes the request. A token is optional here; one that is not valid is refused everywhere. */
export function identify(verifyToken: VerifyToken): Guard {
  return (c) => {
    // Not as Node has it, which keeps the first of several and does not tell.
    const authorization = c.req.header('authorization')
    if (authorization === undefined) return undefined
    const token = /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1]
    const verdict = token === undefined ? null : verifyToken(token)
    return verdict instanceof Promise
      ? verdict.then((caller) => accept(c, caller))
      : accept(c, verdict)
  }
}

function accept(c: Context<Environment>, caller: Caller | null): Response | undefined {
  if (!caller) return problem(c, 'unauthorized')
  c.set('caller', caller)
  c.set('shop', caller.shop)
  return undefined
}

/** Lets everybody pass, into the shop of the token, or without one into the shop that the client names. */
export const takeShop: Guard = (c) => {
  const shop = headerOf(c, 'x-shop') ?? defaultShop
  if (!idPattern.test(shop)) {
    return invalidRequest(c, [{ path: 'x-shop', message: 'Is not the id of a shop' }])
  }
  if (!callerOf(c)) c.set('shop', shop)
  return undefined
}

/** Lets users and admins pass; they act for themselves. */
export const requireUser: Guard = (c) => {
  return callerOf(c) ? undefined : problem(c, 'unauthorized')
}

/** Lets admins pass. */
export const requireAdmin: Guard = (c) => {
  const caller = callerOf(c)
  if (!caller) return problem(c, 'unauthorized')
  return caller.role === 'admin' ? undefined : problem(c, 'forbidden')
}

/** The caller of a route that requires no token, where there is one. */
export function callerOf(c: Context<Environment>): Caller | undefined {
  return c.get('caller')
}
