/** A count that others wait for. */
export type Milestones = {
  pass: () => void
  count: () => number
  /** Resolves once this many have passed. */
  reach: (wanted: number) => Promise<void>
}

export function openMilestones(): Milestones {
  let passed = 0
  let waiting: { wanted: number; resolve: () => void }[] = []
  return {
    pass() {
      passed += 1
      for (const { wanted, resolve } of waiting) if (wanted <= passed) resolve()
      waiting = waiting.filter(({ wanted }) => wanted > passed)
    },
    count: () => passed,
    reach: (wanted) =>
      new Promise((resolve) => {
        if (wanted <= passed) resolve()
        else waiting.push({ wanted, resolve })
      }),
  }
}
