import type { Context } from 'hono'
import { fingerprint, operationId } from '../domain/ids.ts'
import { limits } from '../limits.ts'
import { type Environment, headerOf } from './environment.ts'
import type { Guard } from './guard.ts'
import { problem } from './problem.ts'

const keyPattern = new RegExp(`^[\\x21-\\x7e]{1,${limits.idempotencyKeyLengthMax}}$`)

/** Lets requests pass that carry an idempotency key. */
export const requireIdempotencyKey: Guard = (c) => {
  const key = headerOf(c, 'idempotency-key')
  if (key === undefined || !keyPattern.test(key)) return problem(c, 'idempotency_key_required')
  c.set('idempotencyKey', key)
  return undefined
}

/**
 * The operation that a request asks for: the same for a repeated request, another one for every other. Keys are
 * scoped by shop, caller and route, so that nobody meets the operation of somebody else.
 *
 * @param route the method and the path with its ids, e.g. `POST /v1/users/alice/charges`.
 * @param body the validated body.
 */
export function operationOf(
  c: Context<Environment>,
  route: string,
  body: unknown,
): { operationId: string; fingerprint: string } {
  const scope = {
    shop: c.get('shop'),
    userId: c.get('caller').userId,
    route,
    idempotencyKey: c.get('idempotencyKey'),
  }
  return { operationId: operationId(scope), fingerprint: fingerprint(body) }
}
