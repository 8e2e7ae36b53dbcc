import { limits } from '../limits.ts'

/** One fact that is not as it should be. Values are text, because they may leave the range of a double; null: none. */
export type Discrepancy = {
  /** Which row, e.g. `option k3j…` or `balance of user u17`. */
  row: string
  /** Which of its facts, e.g. `held by pending orders` or `sold in Redis`. */
  fact: string
  actual: string | null
  expected: string | null
}

export type Check = {
  name: string
  ok: boolean
  /** How many facts were compared. */
  checked: number
  /** The first `limits.verifyOffMax` discrepancies. */
  off: Discrepancy[]
  /** How many there are in all. */
  offCount: number
}

/** Counts what one check compares and keeps what is off. */
export type CheckRecord = {
  name: string
  /** Counts facts that were compared, in all. */
  count(facts: number): void
  /** Adds discrepancies; `total` where there are more of them than are named. */
  report(discrepancies: Discrepancy[], total?: number): void
  result(): Check
}

export function openCheck(name: string): CheckRecord {
  let checked = 0
  let offCount = 0
  const off: Discrepancy[] = []
  return {
    name,
    count(facts) {
      checked += facts
    },
    report(discrepancies, total = discrepancies.length) {
      // Redis may hand out a field twice while it is scanned.
      const fresh = discrepancies.filter(
        (found) => !off.some((known) => known.row === found.row && known.fact === found.fact),
      )
      offCount += total - (discrepancies.length - fresh.length)
      off.push(...fresh.slice(0, limits.verifyOffMax - off.length))
    },
    result() {
      return { name, ok: offCount === 0, checked, off, offCount }
    },
  }
}
