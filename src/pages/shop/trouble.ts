import type { Outcome } from '../../client/client.ts'
import { pause } from '../../client/pause.ts'

/** How somebody waits for an answer of the shop. */
export type Waiting = {
  /** Told when there is none that says anything, but perhaps a status, and when the page asks again. */
  onTrouble: (status: number | null, pauseMs: number) => void
  /** Aborted by who does not want to wait any longer. */
  signal: AbortSignal
}

const pauseMsMin = 1_000

/** Whether an outcome says what became of what was asked, and is not only one for now. */
export function isAnswer({ status }: Outcome<unknown>): boolean {
  return status < 500 && status !== 429
}

/** Tells of the trouble and waits, as long as the shop says and a second at least. */
export async function waitAfter(
  outcome: Outcome<unknown> | null,
  { onTrouble, signal }: Waiting,
): Promise<void> {
  const askedMs = outcome && !outcome.ok ? outcome.retryAfterMs : undefined
  const pauseMs = Math.max(pauseMsMin, askedMs ?? 0)
  onTrouble(outcome?.status ?? null, pauseMs)
  await pause(pauseMs, signal)
}

/**
 * Asks until the shop says something.
 *
 * @returns null where nobody waits for it any longer.
 */
export async function askUntilAnswered<Body>(
  ask: () => Promise<Outcome<Body>>,
  waiting: Waiting,
): Promise<Outcome<Body> | null> {
  while (!waiting.signal.aborted) {
    const outcome = await ask().catch(() => null)
    if (outcome && isAnswer(outcome)) return outcome
    await waitAfter(outcome, waiting)
  }
  return null
}
