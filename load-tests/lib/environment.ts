/** Where the engine is, without a path. */
export const baseUrl = __ENV.BASE_URL || 'http://127.0.0.1:3000'

/** The shop that is loaded. */
export const shop = __ENV.SHOP || 'main'

/** 95 of 100 answers, accepted and refused apart, must not take longer. */
export const latencyMs = sizeOf('LATENCY_MS', 500)

/** Of 100 arrivals, so many may find nobody free in the generator who could send them. */
const droppedPercent = sizeOf('DROPPED_PERCENT', 1)

/** Most buyers that wait for an answer at once. */
export const maxVus = sizeOf('MAX_VUS', 500)

/**
 * A size that the environment may change: a positive integer.
 *
 * @throws Error where it is something else, so that the run ends before it begins.
 */
export function sizeOf(name: string, byDefault: number): number {
  const text = __ENV[name] || String(byDefault)
  const size = Number(text)
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new Error(`${name} must be a positive integer, not ${text}.`)
  }
  return size
}

/**
 * How many arrivals the generator may drop. One that cannot keep up measures itself: arrivals that found no free
 * virtual user are dropped, and below one in a hundred that is noise of the machine.
 */
export function droppedMax(arrivalCount: number): number {
  return Math.ceil((arrivalCount * droppedPercent) / 100)
}
