import { type Audit, auditSale } from './audit.ts'
import { visit } from './buyer.ts'
import { followPersistence } from './lag.ts'
import { visitInParallel } from './parallel.ts'
import type { SetPhase } from './progress.ts'
import { buyersAtOnce, type Sale } from './sale.ts'
import { serveWaitingList } from './waiting-list.ts'

export type Outcome = {
  audit: Audit
  /** The part of the sale in which all buyers arrive. */
  rush: { requests: number; ms: number }
}

/** One flash sale from the first charge to the verified books, in the order in which a real one goes. */
export async function runSale(sale: Sale, setPhase: SetPhase): Promise<Outcome> {
  const endMeasurement = followPersistence(sale)
  const startedAt = performance.now()
  let visitors = 0
  setPhase('selling', () => `${visitors} of ${sale.plan.buyers.length} buyers`)
  await visitInParallel(sale.plan.buyers, buyersAtOnce, async (buyer) => {
    if (sale.signal.aborted) return
    await visit(sale, buyer)
    visitors += 1
  })
  const rush = { requests: sale.books.attempted, ms: performance.now() - startedAt }
  await endMeasurement()
  setPhase('selling what came back', () => `${sale.waiting.length} waiting`)
  await serveWaitingList(sale)
  setPhase('checking the books')
  return { audit: await auditSale(sale), rush }
}
