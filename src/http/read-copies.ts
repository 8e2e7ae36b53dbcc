import type { Engine } from '../engine/engine.ts'
import { limits } from '../limits.ts'
import { openGenerations } from './generations.ts'

/**
 * Reads what is the same for everybody, or answers with a copy of what was read a moment ago. Whoever asks while the
 * read is under way gets its result too.
 *
 * A copy is at most `limits.readCopyMs` old. One from before something that this process accepted in the shop is read
 * again, so that a client sees what he did, unless that happens too often: see `limits.readRefreshesMax`.
 *
 * @param what names the read in the shop, with everything that its result depends on.
 * @param read serialises what it reads: an answer that thousands get is made once. Null where there is nothing.
 * @throws what `read` throws; a failure is nobody else's than those who waited for it.
 */
export type ReadCopies = <Found extends string | null>(
  shop: string,
  what: string,
  read: () => Promise<Found>,
) => Promise<Found>

type Copy = {
  text: Promise<string | null>
  readAtMs: number
  /** What the engine had accepted when the read began. */
  accepted: number
  /** How many times in a row it may still be read again at once, as of `readAtMs`. */
  refreshes: number
}

/** Opens an empty memory of one process. */
export function openReadCopies(engine: Pick<Engine, 'acceptedBatches'>): ReadCopies {
  const copies = openGenerations<Copy | null>(limits.readCopiesMax)

  function isGood(copy: Copy, nowMs: number, accepted: number): boolean {
    if (nowMs - copy.readAtMs > limits.readCopyMs) return false
    return copy.accepted === accepted || refreshesOf(copy, nowMs) < 1
  }

  return <Found extends string | null>(shop: string, what: string, read: () => Promise<Found>) => {
    const key = `${shop} ${what}`
    const nowMs = performance.now()
    const accepted = engine.acceptedBatches(shop)
    const known = copies.get(key)
    if (known && isGood(known, nowMs, accepted)) return known.text as Promise<Found>

    const text = read()
    const refreshes = known ? refreshesOf(known, nowMs) - 1 : limits.readRefreshesMax
    const copy: Copy = { text, readAtMs: nowMs, accepted, refreshes: Math.max(0, refreshes) }
    copies.set(key, copy)
    const forget = () => {
      if (copies.get(key) === copy) copies.set(key, null)
    }
    text.then((found) => {
      if (found !== null && found.length > limits.readCopyLengthMax) forget()
    }, forget)
    return text
  }
}

function refreshesOf({ refreshes, readAtMs }: Copy, nowMs: number): number {
  const earned = ((nowMs - readAtMs) / 1_000) * limits.readRefreshesPerSecond
  return Math.min(limits.readRefreshesMax, refreshes + earned)
}
