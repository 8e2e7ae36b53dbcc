/** The clock of the shop, as far as its answers tell. Times are in ms. */
export type ServerClock = {
  /** Learns from the header `Date` of an answer; it was sent for and received by `performance.now()`. */
  observe(date: string | null, sentMs: number, receivedMs: number): void
  /**
   * What the shop's clock says now at least, so that nothing opens here before it does there; before the first answer,
   * what the browser's says.
   */
  nowMs(): number
  /** By how much the browser's clock is ahead of it, to the second. */
  skewMs(): number
}

const headerResolutionMs = 1_000

/**
 * Opens the clock that countdowns go by. A browser's clock may be wrong by hours, and the sale opens by the shop's.
 *
 * `Date` tells whole seconds, so one answer leaves a second and its own travel open: when it was asked for the shop's
 * clock showed less than the next second, when it was received at least this one. Each further answer cuts off a part
 * of what is left, so a few of them tell the time to a fraction of a second. It runs on `performance.now()`, which
 * nobody sets; where an answer and those before it cannot all be true, the shop's clock was set, and the last counts.
 */
export function openServerClock(
  elapsedMs: () => number = () => performance.now(),
  browserMs: () => number = Date.now,
): ServerClock {
  let earliest = Number.NEGATIVE_INFINITY
  let latest = Number.POSITIVE_INFINITY
  const isKnown = () => Number.isFinite(earliest)
  return {
    observe(date, sentMs, receivedMs) {
      const secondMs = Date.parse(date ?? '')
      if (Number.isNaN(secondMs)) return
      const low = secondMs - receivedMs
      const high = secondMs + headerResolutionMs - sentMs
      const isPossible = low <= latest && high >= earliest
      earliest = isPossible ? Math.max(earliest, low) : low
      latest = isPossible ? Math.min(latest, high) : high
    },
    nowMs: () => (isKnown() ? elapsedMs() + earliest : browserMs()),
    skewMs() {
      if (!isKnown()) return 0
      const likelyMs = elapsedMs() + (earliest + latest) / 2
      return Math.round((browserMs() - likelyMs) / 1_000) * 1_000
    },
  }
}
