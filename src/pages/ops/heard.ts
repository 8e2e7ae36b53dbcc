import type { FeedEvent, Proof } from '../../live/feed.ts'
import type { Fault, Second, ShopState } from '../../live/moment.ts'
import { formatCount } from './format.ts'

/** What the page has heard of a shop. */
export type Watched = {
  /** Whether moments are coming; null before the first attempt has succeeded or failed. */
  isConnected: boolean | null
  /** The last minutes, one entry per second that was told of. */
  seconds: Second[]
  /** As it was told last; null until then. */
  state: ShopState | null
  /** Why it was not told the last time. */
  fault: Fault | null
  /** For how many seconds no process has told what it decided. */
  silentSeconds: number
  /** The last proof of its books; null where none is known. */
  proof: Proof | null
  /** Why nobody more may listen; empty where that is not the reason. */
  refusal: string
}

const secondsMax = 300

export const nothingHeard: Watched = {
  isConnected: null,
  seconds: [],
  state: null,
  fault: null,
  silentSeconds: 0,
  proof: null,
  refusal: '',
}

/** What is known after one more event of the feed. */
export function hear(heard: Watched, event: FeedEvent): Watched {
  const before = { ...heard, isConnected: true, refusal: '' }
  if (event.name === 'proof') return { ...before, proof: event.proof }
  if (event.name === 'history') {
    return { ...before, seconds: merge(before.seconds, event.seconds) }
  }
  const { seconds, processes, state, fault = null } = event.moment
  return {
    ...before,
    seconds: merge(before.seconds, seconds),
    state: state ?? before.state,
    fault,
    silentSeconds: processes > 0 ? 0 : before.silentSeconds + seconds.length,
  }
}

/** What comes again after a lost connection is there once, and what a clock that was set back tells is not lost. */
function merge(known: Second[], more: Second[]): Second[] {
  const [first, last] = [more[0], more.at(-1)]
  const end = known.at(-1)?.atMs ?? 0
  if (!first || !last) return known
  return newest(
    last.atMs < end
      ? [...known.filter(({ atMs }) => atMs < first.atMs), ...more]
      : [...known, ...more.filter(({ atMs }) => atMs > end)],
    secondsMax,
  )
}

/** Those of the last so many seconds. Where the connection was lost some are missing. */
export function newest(seconds: Second[], count: number): Second[] {
  const after = (seconds.at(-1)?.atMs ?? 0) - count * 1_000
  return seconds.filter(({ atMs }) => atMs > after)
}

/** Seconds over which a rate is taken: one alone jumps. */
const rateSeconds = 5

/** How much of something there was per second in the last seconds, as people read it. */
export function rateOf(seconds: Second[], countIn: (second: Second) => number): string {
  const recent = newest(seconds, rateSeconds)
  const sum = recent.reduce((total, second) => total + countIn(second), 0)
  const rate = sum / Math.max(1, recent.length)
  return rate < 10 ? rate.toFixed(1).replace(/\.0$/, '') : formatCount(Math.round(rate))
}

/** The time that these seconds are spread over, in whole minutes. */
export function minutesOf(seconds: Second[]): number {
  const [first, last] = [seconds[0]?.atMs ?? 0, seconds.at(-1)?.atMs ?? 0]
  return Math.ceil((last - first + 1_000) / 60_000)
}
