import type { StockAdjustmentRecord } from '../domain/events.ts'
import type { Outcome } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Engine } from './engine.ts'
import { done, fromRecord, refused } from './replies.ts'

/** In the order in which they are looked for. */
export const adjustStockRefusals = [
  'idempotency_key_reused',
  'option_not_found',
  'insufficient_stock',
  'stock_limit',
] as const

/** Adds units to an option's stock, or takes free ones out where `change` is negative. */
export async function adjustStock(
  engine: Engine,
  command: {
    shop: string
    optionId: string
    change: number
    reason: string
    operationId: string
    fingerprint: string
  },
): Promise<Outcome<StockAdjustmentRecord, (typeof adjustStockRefusals)[number]>> {
  const { shop, ...named } = command
  const { stockMax } = limits
  const reply = await engine.decide(shop, 'adjust-stock', { ...named, stockMax })
  switch (reply[0]) {
    case 'adjusted':
      return done(fromRecord<StockAdjustmentRecord>(reply[1]))
    case 'replayed':
      return done(fromRecord<StockAdjustmentRecord>(reply[1]), { replayed: true })
    default:
      return refused(reply, adjustStockRefusals)
  }
}
