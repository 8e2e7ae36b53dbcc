import { setTimeout as sleep } from 'node:timers/promises'
import type { Sale } from './sale.ts'

const pollMs = 10
/** A row that takes longer than this ends the measurement: the check of the drain has the last word. */
const rowAgeMaxMs = 15_000

/**
 * Measures the persistence lag while the sale runs: from the moment that a client has the answer to a charge until the
 * row of it can be read from Postgres, in which the balance history lives. One charge at a time is followed, always
 * the newest, at a resolution of `pollMs`.
 *
 * @returns a function that ends the measurement; what was measured is in the books.
 */
export function followPersistence(sale: Sale): () => Promise<void> {
  let isOver = false
  const follow = async () => {
    for (let followed = ''; !isOver && !sale.signal.aborted; ) {
      const charge = sale.books.newestCharge
      if (charge === null || charge.id === followed) {
        await sleep(pollMs)
        continue
      }
      followed = charge.id
      sale.books.lagsMs.push(await rowLag(sale, charge))
    }
  }
  const done = follow()
  // A failure is for whoever ends the measurement; until then nobody waits for it.
  done.catch(() => {})
  return async () => {
    isOver = true
    await done
  }
}

async function rowLag(
  sale: Sale,
  charge: { id: string; userId: string; answeredAt: number },
): Promise<number> {
  const path = `/v1/users/${charge.userId}/balance/history`
  for (;;) {
    const { body } = await sale.client.send<{ items?: { id: string }[] }>({
      method: 'GET',
      path,
      token: sale.adminToken,
    })
    const ageMs = performance.now() - charge.answeredAt
    if (ageMs > rowAgeMaxMs || body.items?.some(({ id }) => id === charge.id)) return ageMs
    await sleep(pollMs)
  }
}
