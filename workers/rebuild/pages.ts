import type { RawBuilder } from 'kysely'
import type { Database } from '../../src/db/database.ts'
import type { HotWriter } from './hot-writer.ts'

/** What the parts of a load share. */
export type ShopLoad = {
  /** A snapshot of Postgres. */
  db: Database
  shop: string
  hot: HotWriter
  /** The clock of Redis: it decides what is young enough to be hot. */
  now: Date
}

/**
 * Reads rows page by page, each in a short statement of its own, and has them written, so that neither a whole table
 * is in memory nor a statement runs into its time limit. The next page is on its way while one is written.
 *
 * @param page the rows behind a key, in the order of their keys. The last row of a page bears the key of the last row
 * that it looked at; a page without rows is the end.
 * @param write queues what becomes of the rows; it may look first at what is there.
 */
export async function eachPage<Row extends { key: string }>(
  { db, hot }: ShopLoad,
  first: string,
  page: (after: string) => RawBuilder<Row>,
  write: (rows: Row[]) => void | Promise<void>,
): Promise<void> {
  let { rows } = await page(first).execute(db)
  while (rows.length > 0) {
    const current = rows
    const writeThem = async () => {
      await write(current)
      await hot.send()
    }
    const next = page((rows.at(-1) as Row).key).execute(db)
    const [{ rows: following }] = await Promise.all([next, writeThem()])
    rows = following
  }
}
