import { setTimeout as wait } from 'node:timers/promises'
import type { Catalog } from './catalog.ts'
import { randomOf } from './random.ts'
import type { Sender } from './sender.ts'
import { requestsPerVisit, visit } from './visits.ts'

export type Load = {
  /** Lets nobody in any more, and resolves when the last one has left. */
  end(): Promise<void>
}

/**
 * Visitors who arrive at a rate, whether or not those before them were answered: an outage makes a crowd, as it does
 * in earnest.
 */
export function startLoad(options: {
  seed: number
  requestsPerSecond: number
  catalog: Catalog
  sender: Sender
}): Load {
  const { seed, requestsPerSecond, catalog, sender } = options
  const arrivals = randomOf(seed, 'arrivals')
  const inside = new Set<Promise<void>>()
  let isOver = false
  let failure: unknown

  async function admit(): Promise<void> {
    let nextAt = performance.now()
    for (let number = 1; !isOver; number += 1) {
      nextAt += arrivals.gapMs(requestsPerSecond / requestsPerVisit)
      const gapMs = nextAt - performance.now()
      if (gapMs > 1) await wait(gapMs)
      const leaving = visit(number, { catalog, sender, random: randomOf(seed, 'visit', number) })
        .catch((error) => {
          failure ??= error
        })
        .finally(() => inside.delete(leaving))
      inside.add(leaving)
    }
  }
  const admitting = admit()

  return {
    async end() {
      isOver = true
      await admitting
      await Promise.all(inside)
      if (failure !== undefined) throw failure
    },
  }
}
