import { limits } from '../limits.ts'

/** Somebody asked the command to stop before it was done. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  readonly signal: 'SIGINT' | 'SIGTERM'

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('It was interrupted.')
    this.signal = signal
  }
}

/** From now on Ctrl-C lets the command leave in order; a second one that comes later ends it at once. */
export function openInterruption(): AbortSignal {
  const interruption = new AbortController()
  let askedAt = 0
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // npm and the terminal both pass on one Ctrl-C.
      const isFirst = !interruption.signal.aborted
      if (!isFirst && performance.now() - askedAt > limits.insistAfterMs) process.exit(1)
      if (isFirst) askedAt = performance.now()
      interruption.abort(new Interrupted(name))
    })
  }
  return interruption.signal
}

/** Resolves never, and rejects when the signal comes: for a race with work that cannot be told to stop. */
export function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
