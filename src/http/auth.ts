import type { Context, MiddlewareHandler } from 'hono'
import { idPattern } from '../domain/ids.ts'
import type { Caller, Environment } from './environment.ts'
import { invalidRequest, problem } from './problem.ts'
import type { VerifyToken } from './tokens.ts'

const defaultShop = 'main'

/** Finds out who makes the request. A token is optional here; one that is not valid is refused everywhere. */
export function identify(verifyToken: VerifyToken): MiddlewareHandler<Environment> {
  return async (c, next) => {
    const authorization = c.req.header('authorization')
    if (authorization === undefined) return next()
    const token = /^Bearer +([\w.-]+)$/i.exec(authorization)?.[1]
    const verdict = token === undefined ? null : verifyToken(token)
    const caller = verdict instanceof Promise ? await verdict : verdict
    if (!caller) return problem(c, 'unauthorized')
    c.set('caller', caller)
    c.set('shop', caller.shop)
    return next()
  }
}

/** Lets everybody pass, into the shop of the token, or without one into the shop that the client names. */
export const takeShop: MiddlewareHandler<Environment> = async (c, next) => {
  if (callerOf(c)) return next()
  const shop = c.req.header('x-shop') ?? defaultShop
  if (!idPattern.test(shop)) {
    return invalidRequest(c, [{ path: 'x-shop', message: 'Is not the id of a shop' }])
  }
  c.set('shop', shop)
  return next()
}

/** Lets users and admins pass; they act for themselves. */
export const requireUser: MiddlewareHandler<Environment> = async (c, next) => {
  if (!callerOf(c)) return problem(c, 'unauthorized')
  return next()
}

/** Lets admins pass. */
export const requireAdmin: MiddlewareHandler<Environment> = async (c, next) => {
  const caller = callerOf(c)
  if (!caller) return problem(c, 'unauthorized')
  if (caller.role !== 'admin') return problem(c, 'forbidden')
  return next()
}

/** The caller of a route that requires no token, where there is one. */
export function callerOf(c: Context<Environment>): Caller | undefined {
  return c.get('caller')
}
