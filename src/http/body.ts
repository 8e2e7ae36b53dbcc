import type { Context, MiddlewareHandler } from 'hono'
import { limits } from '../limits.ts'
import type { Environment } from './environment.ts'
import { invalidRequest, problem } from './problem.ts'

/**
 * Refuses bodies that are too large, also those that do not say how large they are. Where a length is given the HTTP
 * parser lets no more than that through, so the body itself stays untouched until it is wanted.
 */
export const limitBody: MiddlewareHandler<Environment> = async (c, next) => {
  const length = c.req.header('content-length')
  if (length !== undefined && c.req.header('transfer-encoding') === undefined) {
    if (Number(length) > limits.bodyBytesMax) return tooLarge(c)
    return next()
  }
  const { body } = c.req.raw
  if (body === null) return next()
  // Not `for await`: leaving it would destroy the connection that the refusal has to travel on.
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > limits.bodyBytesMax) return tooLarge(c)
    chunks.push(value)
  }
  c.req.raw = new Request(c.req.raw, { body: Buffer.concat(chunks) })
  return next()
}

/** Refuses a body on routes that take none: a field that changes nothing must not look as if it did. */
export const refuseBody: MiddlewareHandler<Environment> = async (c, next) => {
  if (c.req.header('content-length') === '0') return next()
  const text = (await c.req.text()).trim()
  if (text === '' || /^\{\s*\}$/.test(text)) return next()
  return invalidRequest(c, [{ path: '', message: 'This route takes no body' }])
}

/**
 * Takes an empty body for none on routes where it may be left out: some clients announce JSON whatever they send, and
 * no text is not JSON.
 */
export const allowEmptyBody: MiddlewareHandler<Environment> = async (c, next) => {
  if (c.req.header('content-length') === '0') c.req.raw.headers.delete('content-type')
  return next()
}

/** The rest of the body is still on its way: no other request can follow it on this connection. */
function tooLarge(c: Context<Environment>) {
  c.get('headers').connection = 'close'
  return problem(c, 'body_too_large')
}
