import { openClient } from '../../client/client.ts'
import type { Session } from '../../http/ops.ts'

export type { Session }

/** A token is replaced when it gets so old, long before it expires. */
const tokenAgeMaxMs = 30 * 60_000

/**
 * Opens the page's session with a shop: the browser sends the operator's password along.
 *
 * @throws Error that says why there is none.
 */
export async function openSession(shop: string): Promise<Session> {
  const answer = await fetch(`/ops/session?shop=${encodeURIComponent(shop)}`)
  const body = await answer.json()
  if (!answer.ok) throw new Error(body.detail)
  return body as Session
}

/** A client that acts as an admin of the shop. */
export function openAdminClient(shop: string, session: Session, ownToken: string) {
  let token = session.token
  let openedAt = performance.now()
  return openClient(location.origin, {
    async token() {
      if (token === null) return ownToken
      if (performance.now() - openedAt > tokenAgeMaxMs) {
        openedAt = performance.now()
        token = (await openSession(shop)).token ?? token
      }
      return token
    },
  })
}

export type AdminClient = ReturnType<typeof openAdminClient>
