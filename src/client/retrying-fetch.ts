import { pause } from './pause.ts'

/** What a client needs of `fetch`. */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>

export type RetryOptions = {
  /** Time for a request and all its repetitions, in ms. */
  timeoutMs?: number
  /** Who carries the requests. Defaults to the platform's own. */
  fetch?: Fetch
  /** Told before each repetition: the status of the answer before, or null where none came whole, and the pause. */
  onRepeat?: (status: number | null, pauseMs: number) => void
}

const defaultTimeoutMs = 15_000
const firstPauseMs = 100
const longestPauseMs = 2_000

/**
 * Routes that have one effect however often they are asked: by the idempotency key, or because of what they do. A claim
 * is one of them because a coupon is usually for one claim of a user; of one that is for more, a repeated claim may be
 * another one, within its limit.
 */
const repeatablePost =
  /\/(orders|charges|refunds|stock-adjustments|claims|payment|cancel|entry|dead-letters\/[^/]+\/(retry|drop))$/

/**
 * What says that the engine, or a proxy on the way to it, cannot answer now. A 500 is none of them: it is a bug, which
 * most likely happens again, and whoever asked shall see its request id.
 */
const passingStatuses = new Set([429, 502, 503, 504])

/**
 * A `fetch` that asks again until it is answered: after a connection that broke, before an answer or within one, and
 * after a 429, 502, 503 or 504, which may say when in `Retry-After`. A POST carries an idempotency key, the caller's or
 * a new one, and repetitions carry the same, so that one that was decided, and whose answer got lost, is answered again
 * and not done again. What may not be repeated is not: it makes something new each time, e.g. a product.
 *
 * @returns the last answer. A refusal that only time changes is among the answers when the time is up.
 * @throws what `fetch` threw last, where there was no answer at all.
 */
export function openRetryingFetch(options: RetryOptions = {}): Fetch {
  const { timeoutMs = defaultTimeoutMs, fetch = globalThis.fetch, onRepeat } = options

  return async (input, init = {}) => {
    const deadline = performance.now() + timeoutMs
    const request = { ...init, headers: new Headers(init.headers) }
    const isPost = init.method === 'POST'
    if (isPost && !request.headers.has('idempotency-key')) {
      request.headers.set('idempotency-key', crypto.randomUUID())
    }
    const isRepeatable = !isPost || repeatablePost.test(new URL(input).pathname)

    for (let attempt = 0; ; attempt++) {
      const isLate = AbortSignal.timeout(Math.max(0, Math.ceil(deadline - performance.now())))
      const signal = init.signal ? AbortSignal.any([init.signal, isLate]) : isLate
      const asked = fetch(input, { ...request, signal })
      const [answered] = await Promise.allSettled([isRepeatable ? asked.then(comeWhole) : asked])
      const answer = answered.status === 'fulfilled' ? answered.value : null
      const pauseMs = pauseAfter(answer, attempt)
      const isTimeUp = () => signal.aborted || performance.now() + (pauseMs ?? 0) >= deadline
      if (pauseMs === null || !isRepeatable || isTimeUp()) {
        if (answered.status === 'rejected') throw answered.reason
        return answered.value
      }
      onRepeat?.(answer?.status ?? null, pauseMs)
      // Where its connection has broken meanwhile, there is nothing to put away.
      await answer?.body?.cancel().catch(() => {})
      await pause(pauseMs, init.signal)
    }
  }
}

/** Waits for the body of an answer for good: where it breaks behind its headers, the answer is lost as without them. */
async function comeWhole(answer: Response): Promise<Response> {
  if (!passingStatuses.has(answer.status)) await answer.clone().arrayBuffer()
  return answer
}

/** How long to wait before the next attempt, in ms; null where the answer is one for good. */
function pauseAfter(answer: Response | null, attempt: number): number | null {
  if (answer && !passingStatuses.has(answer.status)) return null
  // Later and later, and none at the same time as all others whose connections broke in the same moment.
  const ownMs = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2)
  return (answer && retryAfterMsOf(answer.headers)) ?? ownMs
}

/** When an answer says that the request may come again, in ms from now; null where it does not say. */
export function retryAfterMsOf(headers: Headers): number | null {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return seconds >= 0 ? seconds * 1_000 : null
}
