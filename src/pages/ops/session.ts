import { openClient, outcomeOf } from '../../client/client.ts'
import { type Fetch, openRetryingFetch } from '../../client/retrying-fetch.ts'
import type { Session } from '../../http/ops.ts'
import type { ProblemBody } from '../../http/problem.ts'

export type { Session }

/** To prove the books of a large shop takes minutes. */
const patientTimeoutMs = 600_000

/**
 * Opens the page's session with a shop: the browser sends the operator's password along.
 *
 * @param ask carries the request.
 * @throws Error that says why there is none.
 */
export async function openSession(shop: string, ask: Fetch = fetch): Promise<Session> {
  const asked = ask(`/ops/session?shop=${encodeURIComponent(shop)}`)
  const outcome = await outcomeOf<Response>(asked)
  if (!outcome.ok) throw new Error(outcome.problem.detail)
  return outcome.body as Session
}

/**
 * Acts as an admin of the shop. A token that is not taken any more is replaced, because it has got old or the engine
 * has another secret by now: what was answered with 401 was not done, so it may be sent again.
 *
 * @param ownToken of the operator, where the session has none.
 */
export function openAdmin(shop: string, session: Session, ownToken: string) {
  let token = session.token ?? ownToken.trim()
  const send: Fetch = (input, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    return fetch(input, { ...init, headers })
  }
  const sendAsAdmin: Fetch = async (input, init) => {
    const answer = await send(input, init)
    if (answer.status !== 401 || session.token === null) return answer
    const signal = init?.signal ?? null
    const renewing = openSession(shop, (address) => openRetryingFetch()(address, { signal }))
    const renewed = await renewing.catch((error: Error) => error)
    if (renewed instanceof Error) return explainRefusal(answer, renewed)
    token = renewed.token ?? token
    return send(input, init)
  }
  return {
    client: openClient(location.origin, { fetch: sendAsAdmin }),
    /** The same, for what may take long. */
    patient: openClient(location.origin, { fetch: sendAsAdmin, timeoutMs: patientTimeoutMs }),
    /** For what is no part of the API. */
    fetch: sendAsAdmin,
  }
}

export type AdminClient = ReturnType<typeof openAdmin>['client']

/** The 401 as it came, and why it stays: it says for sure that nothing happened, which a lost answer would not. */
async function explainRefusal(answer: Response, { message }: Error): Promise<Response> {
  const problem: Partial<ProblemBody> = await answer.json().catch(() => ({ code: 'unauthorized' }))
  const detail = `It did not happen: your token is not valid any more, and there is no new one (${message}).`
  const headers = { 'content-type': 'application/problem+json' }
  return Response.json({ ...problem, detail }, { status: answer.status, headers })
}
