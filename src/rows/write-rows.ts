import type { BulkTransaction } from '../db/bulk-transaction.ts'
import type { OutboxRows } from './outbox-rows.ts'
import * as table from './outbox-tables.ts'
import * as update from './outbox-updates.ts'

/**
 * Writes the rows of a batch inside the caller's transaction: what others refer to comes first, and what is inserted
 * before what changes it. Where a batch has no rows of a kind, Postgres is not asked.
 *
 * @throws MissingRows where an event changes what Postgres does not know.
 */
export async function writeRows(
  to: BulkTransaction,
  shop: string,
  rows: OutboxRows,
): Promise<void> {
  await table.insertUsers(to, shop, sorted(rows.users))
  await writeProducts(to, shop, rows)
  await writeCoupons(to, shop, rows)
  await writeCarts(to, shop, rows)
  await writeOrders(to, shop, rows)
  await table.insertBalanceHistory(to, shop, rows.balanceHistory)
  await writeBalances(to, shop, rows)
  await table.insertDeadLetters(to, shop, rows.deadLetters)
}

async function writeProducts(to: BulkTransaction, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertProducts(to, shop, rows.products)
  await update.changeProducts(to, shop, sorted(rows.productChanges))
  await table.insertRevisions(to, shop, sorted(rows.revisions))
  await table.insertProductOptions(to, shop, rows.productOptions)
  await update.changeOptions(to, shop, sorted(rows.optionChanges))
  await update.changeOptionFacts(to, shop, sorted(rows.optionFacts))
  await table.insertPriceHistory(to, shop, rows.priceHistory)
  await table.insertStockHistory(to, shop, rows.stockHistory)
}

async function writeCoupons(to: BulkTransaction, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertCoupons(to, shop, rows.coupons)
  // The total of the end of the batch has room for all that the batch issues.
  await update.changeCouponFacts(to, shop, sorted(rows.couponFacts))
  await update.changeCoupons(to, shop, sorted(rows.couponChanges))
  await table.insertUserCoupons(to, shop, rows.userCoupons)
  await update.changeUserCoupons(to, shop, sorted(rows.userCouponChanges))
  await table.insertCouponHistory(to, shop, rows.couponHistory)
  await table.insertCodes(to, shop, rows.codes)
  await update.claimCodes(to, shop, sorted(rows.codeClaims))
}

async function writeCarts(to: BulkTransaction, shop: string, rows: OutboxRows): Promise<void> {
  await update.deleteCartItems(to, shop, sorted(rows.cartRemovals))
  await table.writeCartItems(to, shop, sorted(rows.cartItems))
}

async function writeOrders(to: BulkTransaction, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertOrders(to, shop, rows.orders)
  await update.changeOrders(to, shop, sorted(rows.orderChanges))
  await table.insertOrderItems(to, shop, rows.orderItems)
  await update.changeOrderItems(to, shop, sorted(rows.itemRefunds))
  await table.insertPayments(to, shop, rows.payments)
  await update.changePayments(to, shop, sorted(rows.paymentChanges))
  await table.insertRefunds(to, shop, rows.refunds)
  await table.insertRefundItems(to, shop, rows.refundItems)
}

/** An update costs half of an insert that finds its row there. Only the first change of a balance finds none. */
async function writeBalances(to: BulkTransaction, shop: string, rows: OutboxRows): Promise<void> {
  const balances = sorted(rows.balances)
  const first = balances.filter(({ user_id }) => rows.firstBalances.has(user_id as string))
  const later = balances.filter(({ user_id }) => !rows.firstBalances.has(user_id as string))
  const missing = await update.changeBalances(to, shop, later)
  // Where the first charge is a dead letter, a later change makes the row.
  await table.insertBalances(to, shop, missing > 0 ? balances : first)
}

/** In the order of the keys, so that indexes are walked in order and locks are taken in one order by everybody. */
function sorted<Value>(map: Map<string, Value>): Value[] {
  return [...map.keys()].sort().map((key) => map.get(key) as Value)
}
