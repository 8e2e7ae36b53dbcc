import { createHmac, timingSafeEqual } from 'node:crypto'

/** Whom a pass admits to what. */
export type Admitted = { target: string; userId: string; untilMs: number }

/**
 * A pass: until when, and a signature of that, the user and what he may come to. It needs no look into Redis, because a
 * room keeps a crowd away from there.
 *
 * @param secret of the room.
 */
export function signPass(secret: string, admitted: Admitted): string {
  return `${admitted.untilMs}.${signatureOf(secret, admitted)}`
}

/** When the pass of this user ends, or null where it is none of this room and user. It may have ended. */
export function endOfPass(
  secret: string,
  pass: string,
  { target, userId }: Omit<Admitted, 'untilMs'>,
): number | null {
  const [, end, signature] = /^(\d{13})\.([\w-]{43})$/.exec(pass) ?? []
  if (end === undefined || signature === undefined) return null
  const untilMs = Number(end)
  const wanted = signatureOf(secret, { target, userId, untilMs })
  return timingSafeEqual(Buffer.from(signature), Buffer.from(wanted)) ? untilMs : null
}

function signatureOf(secret: string, { target, userId, untilMs }: Admitted): string {
  const hmac = createHmac('sha256', Buffer.from(secret, 'base64url'))
  return hmac.update(`${target} ${userId} ${untilMs}`).digest('base64url')
}
