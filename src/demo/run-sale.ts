import { type Audit, auditSale } from './audit.ts'
import { visit } from './buyer.ts'
import { followPersistence } from './lag.ts'
import { serveLateBuyers } from './late-buyers.ts'
import { operate, restock } from './operator.ts'
import { visitInParallel } from './parallel.ts'
import type { SetPhase } from './progress.ts'
import { refundOrders } from './refunds.ts'
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
  setPhase('selling', () => `${sale.visits.count()} of ${sale.plan.buyers.length} buyers`)
  await Promise.all([operate(sale), receiveBuyers(sale)])
  const rush = { requests: sale.books.attempted, ms: performance.now() - startedAt }
  await endMeasurement()
  setPhase('paying back and restocking')
  await refundOrders(sale)
  await restock(sale)
  await serveLateBuyers(sale)
  setPhase('selling what came back', () => `${sale.waiting.length} waiting`)
  await serveWaitingList(sale)
  setPhase('checking the books')
  return { audit: await auditSale(sale), rush }
}

async function receiveBuyers(sale: Sale): Promise<void> {
  await visitInParallel(sale.plan.buyers, buyersAtOnce, async (buyer) => {
    if (sale.signal.aborted) return
    await visit(sale, buyer)
    sale.visits.pass()
  })
}
