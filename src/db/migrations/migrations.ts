import { FlashSale } from './0001-flash-sale.ts'
import { WholeDomain } from './0002-whole-domain.ts'
import { Rebuild } from './0003-rebuild.ts'
import { OrderEvents } from './0004-order-events.ts'
import { BulkWrites } from './0005-bulk-writes.ts'
import { DeadLetters } from './0006-dead-letters.ts'
import { OrdersOfLetters } from './0007-orders-of-letters.ts'

/** Every migration in the order in which they run. The names are stored in the database: never rename one. */
export const migrations = [
  { name: '0001-flash-sale', class: FlashSale },
  { name: '0002-whole-domain', class: WholeDomain },
  { name: '0003-rebuild', class: Rebuild },
  { name: '0004-order-events', class: OrderEvents },
  { name: '0005-bulk-writes', class: BulkWrites },
  { name: '0006-dead-letters', class: DeadLetters },
  { name: '0007-orders-of-letters', class: OrdersOfLetters },
]
