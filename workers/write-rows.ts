import type { Database } from '../src/db/database.ts'
import type { OutboxRows } from './outbox-rows.ts'
import * as table from './outbox-tables.ts'
import * as update from './outbox-updates.ts'

/**
 * Writes the rows of a batch inside the caller's transaction: what others refer to comes first, and what is inserted
 * before what changes it. Where a batch has no rows of a kind, Postgres is not asked.
 *
 * @throws MissingRows where an event changes what Postgres does not know.
 */
export async function writeRows(db: Database, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertUsers(db, shop, sorted(rows.users))
  await writeProducts(db, shop, rows)
  await writeCoupons(db, shop, rows)
  await writeCarts(db, shop, rows)
  await writeOrders(db, shop, rows)
  await table.insertBalanceHistory(db, shop, rows.balanceHistory)
  await table.writeBalances(db, shop, sorted(rows.balances))
  await table.insertDeadLetters(db, shop, rows.deadLetters)
}

async function writeProducts(db: Database, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertProducts(db, shop, rows.products)
  await update.changeProducts(db, shop, sorted(rows.productChanges))
  await table.insertRevisions(db, shop, sorted(rows.revisions))
  await table.insertProductOptions(db, shop, rows.productOptions)
  await update.changeOptions(db, shop, sorted(rows.optionChanges))
  await update.changeOptionFacts(db, shop, sorted(rows.optionFacts))
  await table.insertPriceHistory(db, shop, rows.priceHistory)
  await table.insertStockHistory(db, shop, rows.stockHistory)
}

async function writeCoupons(db: Database, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertCoupons(db, shop, rows.coupons)
  // The total of the end of the batch has room for all that the batch issues.
  await update.changeCouponFacts(db, shop, sorted(rows.couponFacts))
  await update.changeCoupons(db, shop, sorted(rows.couponChanges))
  await table.insertUserCoupons(db, shop, rows.userCoupons)
  await update.changeUserCoupons(db, shop, sorted(rows.userCouponChanges))
  await table.insertCouponHistory(db, shop, rows.couponHistory)
  await table.insertCodes(db, shop, rows.codes)
  await update.claimCodes(db, shop, sorted(rows.codeClaims))
}

async function writeCarts(db: Database, shop: string, rows: OutboxRows): Promise<void> {
  await update.deleteCartItems(db, shop, sorted(rows.cartRemovals))
  await table.writeCartItems(db, shop, sorted(rows.cartItems))
}

async function writeOrders(db: Database, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertOrders(db, shop, rows.orders)
  await update.changeOrders(db, shop, sorted(rows.orderChanges))
  await table.insertOrderItems(db, shop, rows.orderItems)
  await update.changeOrderItems(db, shop, sorted(rows.itemRefunds))
  await table.insertPayments(db, shop, rows.payments)
  await update.changePayments(db, shop, sorted(rows.paymentChanges))
  await table.insertRefunds(db, shop, rows.refunds)
  await table.insertRefundItems(db, shop, rows.refundItems)
}

/** In the order of the keys, so that indexes are walked in order and locks are taken in one order by everybody. */
function sorted<Value>(map: Map<string, Value>): Value[] {
  return [...map.keys()].sort().map((key) => map.get(key) as Value)
}
