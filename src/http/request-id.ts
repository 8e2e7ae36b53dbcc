import { randomUUID } from 'node:crypto'
import { limits } from '../limits.ts'
import { headerOf } from './environment.ts'
import type { Guard } from './guard.ts'

const saneRequestId = new RegExp(`^[\\w.:=-]{1,${limits.requestIdLengthMax}}$`)

/** Gives every request an id, the client's own where it is sane, and every answer that id. */
export const identifyRequest: Guard = (c) => {
  const given = headerOf(c, 'x-request-id')
  const requestId = given !== undefined && saneRequestId.test(given) ? given : randomUUID()
  c.set('requestId', requestId)
  c.set('headers', { 'x-request-id': requestId })
  return undefined
}
