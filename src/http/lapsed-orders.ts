import type { OrderRecord } from '../domain/events.ts'
import type { Engine } from '../engine/engine.ts'
import { reapAllHolds } from '../engine/reap-holds.ts'

/** Whether an order is pending after its deadline, as this process's clock has it. Only Redis' clock decides. */
export function hasLapsed(order: OrderRecord): boolean {
  return order.status === 'PENDING' && order.expiresAt <= Date.now()
}

/**
 * Lets Redis expire what has lapsed, before the next sweep would. It may leave lapsed orders pending: where the shop
 * is closed or its backlog full, where more have lapsed at once than one sweep expires, or by its own clock.
 */
export async function expireLapsed(engine: Engine, shop: string): Promise<void> {
  await reapAllHolds(engine, { shop })
}
