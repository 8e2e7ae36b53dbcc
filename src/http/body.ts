import type { Context } from 'hono'
import { limits } from '../limits.ts'
import { type Environment, headerOf } from './environment.ts'
import type { Guard } from './guard.ts'
import { invalidRequest, problem } from './problem.ts'

/**
 * Refuses bodies that are too large, also those that do not say how large they are. Where a length is given the HTTP
 * parser lets no more than that through, so the body itself stays untouched until it is wanted.
 */
export const limitBody: Guard = (c) => {
  if (headerOf(c, 'transfer-encoding') !== undefined) return limitStream(c)
  const length = headerOf(c, 'content-length')
  if (length !== undefined) return Number(length) > limits.bodyBytesMax ? tooLarge(c) : undefined
  // Over a connection that is no body at all.
  return c.env?.incoming ? undefined : limitStream(c)
}

async function limitStream(c: Context<Environment>): Promise<Response | undefined> {
  const { body } = c.req.raw
  if (body === null) return undefined
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
  return undefined
}

/** Refuses a body on routes that take none: a field that changes nothing must not look as if it did. */
export const refuseBody: Guard = (c) => {
  return headerOf(c, 'content-length') === '0' ? undefined : refuseText(c)
}

async function refuseText(c: Context<Environment>): Promise<Response | undefined> {
  const text = (await c.req.text()).trim()
  if (text === '' || /^\{\s*\}$/.test(text)) return undefined
  return invalidRequest(c, [{ path: '', message: 'This route takes no body' }])
}

/** The rest of the body is still on its way: no other request can follow it on this connection. */
function tooLarge(c: Context<Environment>): Response {
  c.get('headers').connection = 'close'
  return problem(c, 'body_too_large')
}
