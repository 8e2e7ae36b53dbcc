/** A source of numbers that gives the same ones again for the same seed. */
export type Random = {
  /** True in `share` (0 to 1) of the calls. */
  chance: (share: number) => boolean
  /** A whole number from `low` to `high`, both included. */
  between: (low: number, high: number) => number
}

/** Mulberry32: 32 bits of state are plenty for a plan of some ten thousand draws, and it is five lines. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    chance: (share) => next() < share,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
  }
}
