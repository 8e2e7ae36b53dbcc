/** What a client needs of `fetch`. */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>

export type RetryOptions = {
  /** Time for a request and all its repetitions, in ms. */
  timeoutMs?: number
  /** Who carries the requests. Defaults to the platform's own. */
  fetch?: Fetch
}

const defaultTimeoutMs = 15_000
const firstPauseMs = 100
const longestPauseMs = 2_000

/**
 * Routes that have one effect however often they are asked: by the idempotency key, or because of what they do. A claim
 * is one of them because a coupon is usually for one claim of a user; of one that is for more, a repeated claim may be
 * another one, within its limit.
 */
const repeatablePost = /\/(orders|charges|refunds|stock-adjustments|claims|payment|cancel)$/

/**
 * A `fetch` that asks again until it is answered: after a connection that broke, and after a 503 or a 429, which says
 * when in `Retry-After`. A POST carries an idempotency key, the caller's or a new one, and repetitions carry the same,
 * so that one that was decided, and whose answer got lost, is answered again and not done again. What may not be
 * repeated is not: it makes something new each time, e.g. a product.
 *
 * @returns the last answer. A refusal that only time changes is among the answers when the time is up.
 * @throws what `fetch` threw last, where there was no answer at all.
 */
export function openRetryingFetch(options: RetryOptions = {}): Fetch {
  const { timeoutMs = defaultTimeoutMs, fetch = globalThis.fetch } = options

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
      const [answered] = await Promise.allSettled([fetch(input, { ...request, signal })])
      const answer = answered.status === 'fulfilled' ? answered.value : null
      const pauseMs = pauseAfter(answer, attempt)
      const isTimeUp = () => signal.aborted || performance.now() + (pauseMs ?? 0) >= deadline
      if (pauseMs === null || !isRepeatable || isTimeUp()) {
        if (answered.status === 'rejected') throw answered.reason
        return answered.value
      }
      await answer?.body?.cancel()
      await pause(pauseMs, init.signal)
    }
  }
}

/** Waits, and no longer where the request is given up: the next attempt then fails at once. */
function pause(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end)
  })
}

/** How long to wait before the next attempt, in ms; null where the answer is one for good. */
function pauseAfter(answer: Response | null, attempt: number): number | null {
  if (answer && answer.status !== 503 && answer.status !== 429) return null
  const seconds = Number(answer?.headers.get('retry-after') ?? Number.NaN)
  if (seconds >= 0) return seconds * 1_000
  // Later and later, and none at the same time as all others whose connections broke in the same moment.
  return Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2)
}
