import { CompiledQuery } from 'kysely'
import type { Database } from '../src/db/database.ts'
import { type ColumnKind, toArrays, unnest } from './bulk-insert.ts'
import type { OutboxRows } from './outbox-rows.ts'
import * as table from './outbox-tables.ts'

/** Fewer rows were there than the events change: their beginning is not in Postgres. */
export class MissingRows extends Error {
  override name = 'MissingRows'
}

/**
 * Writes the rows of a batch inside the caller's transaction: what others refer to comes first.
 *
 * @throws MissingRows where an event changes what Postgres does not know.
 */
export async function writeRows(db: Database, shop: string, rows: OutboxRows): Promise<void> {
  await table.insertUsers(db, shop, sorted(rows.users))
  await table.insertProducts(db, shop, rows.products)
  await table.insertProductOptions(db, shop, rows.productOptions)
  await changeOptions(db, shop, sorted(rows.optionChanges))
  await table.insertStockHistory(db, shop, rows.stockHistory)
  await table.insertCoupons(db, shop, rows.coupons)
  await changeCoupons(db, shop, sorted(rows.couponChanges))
  await table.insertUserCoupons(db, shop, rows.userCoupons)
  await changeUserCoupons(db, shop, sorted(rows.userCouponChanges))
  await table.insertCouponHistory(db, shop, rows.couponHistory)
  await table.insertOrders(db, shop, rows.orders)
  await changeOrders(db, shop, sorted(rows.orderChanges))
  await table.insertOrderItems(db, shop, rows.orderItems)
  await table.insertPayments(db, shop, rows.payments)
  await table.insertBalanceHistory(db, shop, rows.balanceHistory)
  await table.writeBalances(db, shop, sorted(rows.balances))
  await table.insertDeadLetters(db, shop, rows.deadLetters)
}

const changeOptions = bulkUpdate(
  'product_options',
  { id: 'text', stock: 'bigint', held: 'bigint', sold: 'bigint', at: 'time' },
  `stock = known.stock + given.stock, held = known.held + given.held,
   sold = known.sold + given.sold, updated_at = to_timestamp(given.at / 1000)`,
)

const changeCoupons = bulkUpdate(
  'coupons',
  { id: 'text', issued: 'integer', used: 'integer', at: 'time' },
  `issued_quantity = issued_quantity + given.issued, used_quantity = used_quantity + given.used,
   updated_at = to_timestamp(given.at / 1000)`,
)

const changeUserCoupons = bulkUpdate(
  'user_coupons',
  { id: 'text', status: 'text', order_id: 'text', payment_id: 'text', used_at: 'time' },
  `status = given.status, order_id = given.order_id, payment_id = given.payment_id,
   used_at = to_timestamp(given.used_at / 1000)`,
)

const changeOrders = bulkUpdate(
  'orders',
  { id: 'text', status: 'text', cancelled_at: 'time', updated_at: 'time' },
  `status = given.status, cancelled_at = to_timestamp(given.cancelled_at / 1000),
   updated_at = to_timestamp(given.updated_at / 1000)`,
)

/** A prepared bulk update of rows by id: `update … from unnest(arrays)`. Every row must be there. */
function bulkUpdate<const Columns extends Record<string, ColumnKind>>(
  name: string,
  columns: Columns,
  assignments: string,
) {
  const names = Object.keys(columns)
  const text = `update ${name} as known set ${assignments} from ${unnest(columns, 2)}
    where known.shop = $1 and known.id = given.id`
  return async (
    db: Database,
    shop: string,
    rows: readonly { [Name in keyof Columns]?: string | number | null | undefined }[],
  ): Promise<void> => {
    if (rows.length === 0) return
    const result = await db.executeQuery(CompiledQuery.raw(text, [shop, ...toArrays(names, rows)]))
    const missing = rows.length - Number(result.numAffectedRows)
    if (missing > 0) throw new MissingRows(`${name}: ${missing} of ${rows.length} are missing`)
  }
}

/** In the order of the keys, so that indexes are walked in order and locks are taken in one order by everybody. */
function sorted<Value>(map: Map<string, Value>): Value[] {
  return [...map.keys()].sort().map((key) => map.get(key) as Value)
}
