import { isDeepStrictEqual } from 'node:util'
import type { Books } from './books.ts'
import type { Answer, Call, Client } from './client.ts'
import type { Repeat } from './plan-buyer.ts'

export type Submission = Call & {
  repeat: Repeat
  /** The refusals that are an honest answer to this request. */
  refusals: string[]
  /** False for a request without an idempotency key or claim, whose repetition is not flagged. */
  flagsReplay?: boolean
}

/**
 * Sends a request, a second time where the plan says so, and keeps the books.
 *
 * @returns the answer that says what happened: the acceptance if there is one, else the first refusal; null where no
 *   answer came.
 */
export async function submit<Body>(
  client: Client,
  books: Books,
  submission: Submission,
): Promise<Answer<Body> | null> {
  const { repeat } = submission
  const once = () => sendAndCount<Body>(client, books, submission)
  if (repeat === 'never') {
    const only = await once()
    if (only !== null && isAccepted(only) && only.replayed) {
      note(books, submission, 'was replayed although it was sent once')
    }
    return only
  }
  const [first, second] =
    repeat === 'together' ? await Promise.all([once(), once()]) : [await once(), await once()]
  if (first === null || second === null) return first ?? second
  const disagreement = compareAnswers(first, second, repeat, submission.flagsReplay ?? true)
  if (disagreement !== null) note(books, submission, disagreement)
  if (isAccepted(first) && isAccepted(second)) books.repeated += 1
  return isAccepted(first) || !isAccepted(second) ? first : second
}

/**
 * Says how two answers to the same request contradict each other, or null where they do not. A refusal binds nobody:
 * a request that is refused first may be accepted next, but never the other way round.
 */
export function compareAnswers(
  first: Answer<unknown>,
  second: Answer<unknown>,
  repeat: 'together' | 'after',
  flagsReplay: boolean,
): string | null {
  const accepted = [first, second].filter(isAccepted)
  if (accepted.length === 0) return null
  if (accepted.length === 1) {
    if (repeat === 'after' && isAccepted(first)) return 'was refused after it was accepted'
    return accepted[0]?.replayed ? 'was replayed without a first answer' : null
  }
  if (!isDeepStrictEqual(first.body, second.body)) return 'got two different answers'
  if (!flagsReplay) return null
  if (repeat === 'after' && (first.replayed || !second.replayed)) {
    return 'was not flagged as replayed the second time'
  }
  if (first.replayed === second.replayed) return 'had not exactly one effect'
  const isStatusRight = accepted.every(({ status, replayed }) => status === (replayed ? 200 : 201))
  return isStatusRight ? null : 'got the wrong status for a first or a repeated answer'
}

/** Sends a key again with another body, which must be refused. */
export async function expectReuseRefused(
  client: Client,
  books: Books,
  call: Call & { key: string },
): Promise<void> {
  const code = 'idempotency_key_reused'
  const answer = await submit(client, books, { ...call, repeat: 'never', refusals: [code] })
  if (answer === null || (answer.status === 422 && answer.body.code === code)) return
  const text = `${call.path} took the key ${call.key} with another body: status ${answer.status}`
  books.faults.push({ promise: 'reused keys', text })
}

export function isAccepted(answer: Answer<unknown>): boolean {
  return answer.status >= 200 && answer.status < 300
}

async function sendAndCount<Body>(
  client: Client,
  books: Books,
  submission: Submission,
): Promise<Answer<Body> | null> {
  books.attempted += 1
  let answer: Answer<Body>
  try {
    answer = await client.send<Body>(submission)
  } catch (error) {
    books.unknown += 1
    const reason = error instanceof Error ? error.message : error
    books.faults.push({ promise: 'answers', text: `${describe(submission)}: ${reason}` })
    return null
  }
  if (isAccepted(answer)) {
    books.acceptedMs.push(answer.ms)
    return answer
  }
  const code = answer.body.code ?? `status ${answer.status}`
  books.refusedMs.push(answer.ms)
  books.refused.set(code, (books.refused.get(code) ?? 0) + 1)
  if (!submission.refusals.includes(code)) {
    books.faults.push({
      promise: 'refusals',
      text: `${describe(submission)} was refused: ${answer.status} ${code}`,
    })
  }
  return answer
}

function note(books: Books, submission: Submission, text: string): void {
  books.faults.push({ promise: 'repeats', text: `${describe(submission)} ${text}` })
}

function describe({ method, path, key }: Submission): string {
  return key === undefined ? `${method} ${path}` : `${method} ${path} (key ${key})`
}
