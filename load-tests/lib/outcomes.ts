import { Counter, Trend } from 'k6/metrics'
import type { Options } from 'k6/options'
import { type Answer, codeOf, isSuccess } from './call.ts'
import { latencyMs } from './environment.ts'

export type Thresholds = NonNullable<Options['thresholds']>

/**
 * Counts what becomes of one kind of request, e.g. `orders`, in metrics of that name: `orders_accepted`,
 * `orders_replayed` (repeated, and the first answer again), `orders_refused_sold_out` and one more for each code that
 * is no surprise, `orders_failed` for every other answer, and how long the accepted and the refused ones took, apart.
 */
export function outcomesOf(noun: string, refusals: string[] = []) {
  const accepted = new Counter(`${noun}_accepted`)
  const replayed = new Counter(`${noun}_replayed`)
  const failed = new Counter(`${noun}_failed`)
  const refused = Object.fromEntries(
    refusals.map((code) => [code, new Counter(`${noun}_refused_${code}`)]),
  )
  const acceptedMs = new Trend(`${noun}_accepted_ms`, true)
  const refusedMs = new Trend(`${noun}_refused_ms`, true)
  /** One line for each kind of failure and virtual user: an engine that is away would fill the screen. */
  const told = new Set<string>()

  return {
    /** Counts an answer, and says whether it was accepted, now or by a request that this one repeats. */
    count(answer: Answer, isRepeat = false): boolean {
      // The end of a run interrupts its last requests, and nobody knows what became of them.
      if (answer.error === 'context canceled') return false
      const code = isSuccess(answer) ? '' : codeOf(answer)
      const isReplay = answer.headers['Idempotency-Replayed'] === 'true'
      if (code === '' && isReplay === isRepeat) {
        if (isReplay) {
          replayed.add(1)
        } else {
          accepted.add(1)
          acceptedMs.add(answer.timings.duration)
        }
        return true
      }
      if (code in refused) {
        refused[code]?.add(1)
        refusedMs.add(answer.timings.duration)
        return false
      }
      const reason = code || (isReplay ? 'a replay of nothing' : 'a repeat that was done again')
      failed.add(1, { code: reason })
      if (!told.has(reason)) {
        told.add(reason)
        console.error(`${noun} failed: ${reason}`)
      }
      return false
    },

    /** What every run must hold, and a line in its summary for each outcome, also for one that did not come up. */
    thresholds: {
      [`${noun}_accepted`]: ['count>0'],
      [`${noun}_replayed`]: ['count>=0'],
      ...Object.fromEntries(refusals.map((code) => [`${noun}_refused_${code}`, ['count>=0']])),
      [`${noun}_failed`]: ['count==0'],
      [`${noun}_accepted_ms`]: [`p(95)<${latencyMs}`],
      ...(refusals.length > 0 && { [`${noun}_refused_ms`]: [`p(95)<${latencyMs}`] }),
    } as Thresholds,
  }
}

export type Outcomes = ReturnType<typeof outcomesOf>
