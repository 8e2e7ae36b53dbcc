import { sql } from 'kysely'
import { type Database, databaseOf, inSnapshot } from '../src/db/database.ts'
import { openOrm } from '../src/db/orm.ts'
import { defaultShop } from '../src/services/prepare.ts'

/** What Postgres has of the run. Amounts are minor units. */
export type Books = {
  orders: OrderRow[]
  items: ItemRow[]
  payments: { id: string; orderId: string; userId: string; amount: number }[]
  refunds: { id: string; orderId: string; userId: string; amount: number; restock: boolean }[]
  /** In the order of the events. */
  history: HistoryRow[]
  balances: { userId: string; amount: number }[]
  userCoupons: { id: string; couponId: string; userId: string; rank: number }[]
  coupons: { id: string; total: number; issued: number }[]
  options: { id: string; stock: number; held: number; sold: number }[]
  stockChanges: { optionId: string; type: string; change: number; reason: string | null }[]
  cartLines: { userId: string; optionId: string; quantity: number }[]
  deadLetters: { eventId: string; type: string; error: string }[]
}

export type OrderRow = {
  id: string
  userId: string
  status: string
  originalAmount: number
  discountAmount: number
  finalAmount: number
}

export type ItemRow = {
  orderId: string
  optionId: string
  quantity: number
  restocked: number
  subtotal: number
  discountAmount: number
}

export type HistoryRow = {
  id: string
  userId: string
  type: 'CHARGE' | 'DEDUCT' | 'REFUND'
  amount: number
  beforeAmount: number
  afterAmount: number
}

/** Table, columns as they are called in the books, and the order of the rows. */
const queries: Record<keyof Books, string> = {
  orders: `select id, user_id as "userId", status, original_amount::float8 as "originalAmount",
    discount_amount::float8 as "discountAmount", final_amount::float8 as "finalAmount" from orders`,
  items: `select order_id as "orderId", option_id as "optionId", quantity, restocked_quantity as restocked,
    subtotal::float8 as subtotal, discount_amount::float8 as "discountAmount" from order_items`,
  payments: `select id, order_id as "orderId", user_id as "userId", amount::float8 as amount from payments`,
  refunds: `select id, order_id as "orderId", user_id as "userId", amount::float8 as amount, restock from refunds`,
  history: `select id, user_id as "userId", type, amount::float8 as amount, before_amount::float8 as "beforeAmount",
    after_amount::float8 as "afterAmount" from balance_history`,
  balances: `select user_id as "userId", amount::float8 as amount from balances`,
  userCoupons: `select id, coupon_id as "couponId", user_id as "userId", rank from user_coupons`,
  coupons: `select id, total_quantity as total, issued_quantity as issued from coupons`,
  options: `select id, stock::float8 as stock, held::float8 as held, sold::float8 as sold from product_options`,
  stockChanges: `select option_id as "optionId", type, change::float8 as change, reason from product_stock_history`,
  cartLines: `select user_id as "userId", option_id as "optionId", quantity from cart_items`,
  deadLetters: `select event_id::text as "eventId", type, error from dead_letters`,
}

/** Reads everything as of one moment. */
export async function readBooks(databaseUrl: string): Promise<Books> {
  const orm = openOrm(databaseUrl, { poolMax: 1, statementTimeoutMs: 0 })
  try {
    return await inSnapshot(databaseOf(orm), async (db) => {
      const books: Partial<Record<keyof Books, unknown[]>> = {}
      for (const name of Object.keys(queries) as (keyof Books)[]) {
        books[name] = await rowsOf(db, name)
      }
      return books as Books
    })
  } finally {
    await orm.close()
  }
}

async function rowsOf(db: Database, name: keyof Books): Promise<unknown[]> {
  const order = name === 'history' ? ' order by event_id, line' : ''
  const { rows } =
    await sql`${sql.raw(queries[name])} where shop = ${defaultShop}${sql.raw(order)}`.execute(db)
  return rows
}
