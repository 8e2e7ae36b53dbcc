/** One thing that must never happen, and where to look for its history. */
export type Violation = {
  /** The promise that is broken. */
  check: string
  /** What was found, with the ids. */
  text: string
  operation?: number
  userId?: string
  /** Ids of orders, options or coupons. */
  ids?: string[]
}

/** Groups by a key; the groups keep the order of their first members. */
export function groupBy<T>(all: Iterable<T>, keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const key = keyOf(one)
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  return groups
}

export function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
