import { hash } from 'node:crypto'
import { customAlphabet } from 'nanoid'
import { limits } from '../limits.ts'

/** Ids that users or this engine give to things: safe as Redis field, hash tag, URL part and file name. */
export const idPattern = new RegExp(`^[A-Za-z0-9_-]{1,${limits.idLengthMax}}$`)

/** A new id of a product, an option or a coupon: short, because it is repeated in millions of field names. */
export const newId: () => string = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12)

/**
 * The id of an operation, derived from its idempotency key: a repeated request meets the record of the first one
 * without a second store to look it up. 128 bits, so that no two keys of a shop ever share one.
 */
export function operationId(scope: {
  shop: string
  userId: string
  route: string
  idempotencyKey: string
}): string {
  const { shop, userId, route, idempotencyKey } = scope
  return hash('sha256', `${shop}\n${userId}\n${route}\n${idempotencyKey}`, 'base64url').slice(0, 22)
}

/** Hash of a validated request body; equal bodies have equal fingerprints. */
export function fingerprint(body: unknown): string {
  return hash('sha256', JSON.stringify(body), 'base64url').slice(0, 16)
}

/**
 * An order's id is the time of its decision (11 hexadecimal digits of milliseconds) and the id of its operation:
 * ids sort by time, cannot be guessed, and say where the hot record is. A key that is used again after its record
 * was dropped makes another order, with another id.
 *
 * @returns the operation id, or null where the text is no order id.
 */
export function operationOfOrder(orderId: string): string | null {
  return /^[0-9a-f]{11}[A-Za-z0-9_-]{22}$/.test(orderId) ? orderId.slice(11) : null
}
