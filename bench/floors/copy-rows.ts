import { join } from 'node:path'
import { sql } from 'kysely'
import { databaseOf } from '../../src/db/database.ts'
import { openOrm } from '../../src/db/orm.ts'
import { makeDatabase, runStatements } from '../alternative/schema.ts'
import type { CpuMeter, CpuTimes } from '../cpu.ts'

/** What an order refers to and the drain does not write; parents first. */
const parents = ['users', 'products', 'product_options', 'coupons']
/** What the drain of orders writes a row of, or a new version of a row. */
const written = [
  'user_coupons',
  'balances',
  'orders',
  'order_items',
  'payments',
  'balance_history',
  'product_stock_history',
  'coupon_history',
]

export type RowCopy = {
  /**
   * Copies the rows that the drain of a shop's orders wrote into the same tables of another database, and measures
   * what that costs. The shop must be new and drained.
   */
  measure(shop: string, meter: CpuMeter): Promise<CpuTimes>
  close(): Promise<void>
}

/**
 * The floor of a drain: binary COPY of the same rows, which the server reads from files of its own, so that no client
 * has to send them. All of a shop comes in one transaction. It is the cheapest way into tables that Postgres has.
 */
export async function openRowCopy(options: {
  databaseUrl: string
  /** Of the server's data: it can write there whoever it runs as. */
  dataFolder: string
}): Promise<RowCopy> {
  const { databaseUrl, dataFolder } = options
  const copyUrl = await makeDatabase(databaseUrl, 'copied')
  // One connection for all rounds: what it learns of the tables it learns once, like the worker's.
  const orm = openOrm(copyUrl, { poolMax: 1, statementTimeoutMs: 0 })
  const fileOf = (table: string) => `'${join(dataFolder, `bench-${table}.copy`)}'`
  const copyIn = (table: string) => `copy ${table} from ${fileOf(table)} (format binary)`
  return {
    async measure(shop, meter) {
      const tables = [...parents, ...written]
      await runStatements(
        databaseUrl,
        tables.map((table) => {
          // Initial stock is history too, but no order's.
          const isOfOrder = table.endsWith('_history') ? ' and order_id is not null' : ''
          const rows = `select * from ${table} where shop = '${shop}'${isOfOrder}`
          return `copy (${rows}) to ${fileOf(table)} (format binary)`
        }),
      )
      await runStatements(copyUrl, parents.map(copyIn))
      const before = meter.read()
      await databaseOf(orm)
        .transaction()
        .execute(async (transaction) => {
          for (const table of written) await sql.raw(copyIn(table)).execute(transaction)
        })
      return meter.since(before)
    },
    close: () => orm.close(),
  }
}
